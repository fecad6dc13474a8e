"""`genclust promote`, `rollback` and `promotions`: which version of a name labels new rows."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg

from flows.options import STORE, StoreRoot
from models.settings import Decision, Name, PromotionSettings
from tasks.challenge_result import ChallengeResult
from tasks.promotions import Promotion

NAME = "What the models are registered as."


class By(StrEnum):
    """Who decides, at the command line."""

    rule = "rule"
    person = "person"


class Promote(BaseModel):
    """Compare a version with the promoted one, and promote it if the rule, or you, say so."""

    name: CliPositionalArg[Name] = Field(description=NAME)
    version: CliPositionalArg[str | None] = Field(
        None, description="The challenger, by the beginning of its version; the newest if left out.", min_length=6
    )
    by: By = Field(By.rule, description="The stated rule; or a person, who decides by this command, whatever it says.")
    reason: str = Field("", description="Why a person promotes it; it is kept with the promotion.")
    store: StoreRoot = STORE
    rule: PromotionSettings = PromotionSettings()

    def cli_cmd(self) -> None:
        """Run the flow and print what it found."""
        from flows.promote import promote
        from flows.service_client import check_server

        check_server()
        decision = Decision.rule if self.by == By.rule else Decision.force
        found = promote(self.name, self.version, decision, self.reason, self.store, self.rule)
        print(*challenge_lines(found.challenge, found.promotion is not None), sep="\n")


class Rollback(BaseModel):
    """Promote the version again that was promoted before this one."""

    name: CliPositionalArg[Name] = Field(description=NAME)
    store: StoreRoot = STORE

    def cli_cmd(self) -> None:
        """Keep the promotion and print it."""
        from tasks.promotions import roll_back
        from tasks.store import Store

        print(*promotion_lines([roll_back(Store(self.store), self.name)]), sep="\n")


class Promotions(BaseModel):
    """List all promotions of a name; the last one counts."""

    name: CliPositionalArg[Name] = Field(description=NAME)
    store: StoreRoot = STORE

    def cli_cmd(self) -> None:
        """Print them."""
        from tasks.promotions import champion, promotions
        from tasks.store import Store

        place = Store(self.store)
        champion(place, self.name, "promotions")
        print(*promotion_lines(promotions(place, self.name)), sep="\n")


def challenge_lines(found: ChallengeResult, is_promoted: bool) -> Iterator[str]:
    """The conditions as a table, and what came of them."""
    layout = "{:<26} {:>10} {:>10}  {:<15} {}"
    if found.criteria:
        yield layout.format("condition", "champion", "challenger", "needed", "holds")
    for line in found.lines():
        yield layout.format(*("" if cell is None else cell for cell in line.values()))
    champion, challenger = found.champion[:12], found.challenger[:12]
    end = f"{challenger} is promoted" if is_promoted else f"{champion} stays promoted"
    yield f"{found.name}: {challenger} against {champion}: {found.reason}; {end}"


def promotion_lines(made: Iterable[Promotion]) -> Iterator[str]:
    """A line for each: when, which version, by whom, why."""
    for each in made:
        yield f"{each.promoted_at}  {each.version[:12]}  {each.by:<8}  {each.reason}".rstrip()
