"""Stage promote, never skipped: a challenger becomes the version that labels new rows."""

from prefect import get_run_logger
from prefect.input import RunInput
from pydantic import Field

from tasks.challenge_result import ChallengeResult
from tasks.promotions import Promoter, Promotion, promote_over
from tasks.stage import stage
from tasks.store import Store


class Answer(RunInput):
    """What a person is asked in the UI, and says."""

    promote: bool = Field(description="Whether the challenger takes the champion's place.")
    reason: str = Field("", description="Why; it is kept with the promotion.")


@stage(name="promote")
def promote_challenger(found: ChallengeResult, by: Promoter, reason: str, store: str) -> Promotion:
    """Keep the promotion, unless another version took the champion's place meanwhile."""
    made = promote_over(Store(store), found.champion, found.name, found.challenger, found.run_id, by, reason)
    get_run_logger().info("Promoted %s version %s by %s: %s", found.name, found.challenger, by, reason)
    return made
