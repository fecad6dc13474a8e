"""Stage promote, never skipped: a challenger becomes the version that labels new rows."""

from prefect import get_run_logger
from prefect.input import RunInput
from pydantic import Field

from tasks.promotions import Promoter, Promotion, promote_version
from tasks.stage import stage
from tasks.store import Store


class Answer(RunInput):
    """What a person is asked in the UI, and says."""

    promote: bool = Field(description="Whether the challenger takes the champion's place.")
    reason: str = Field("", description="Why; it is kept with the promotion.")


@stage(name="promote")
def promote_challenger(name: str, version: str, run_id: str, by: Promoter, reason: str, store: str) -> Promotion:
    """Keep the promotion; two at once are both kept, and the later one counts."""
    made = promote_version(Store(store), name, version, run_id, by, reason)
    get_run_logger().info("Promoted %s version %s by %s: %s", name, version, by, reason)
    return made
