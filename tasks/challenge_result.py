"""How a challenger did against the champion, as it goes to whoever decides."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.promotion_rule import Criterion


class ChallengeResult(BaseModel):
    """How a challenger does against the champion, by version; `reason` says it in a sentence.

    Without `criteria` the two could not be compared, or are the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    champion: str
    challenger: str
    run_id: str
    criteria: tuple[Criterion, ...]
    reason: str

    @property
    def is_champion(self) -> bool:
        """Whether there is nothing to decide."""
        return self.champion == self.challenger

    @property
    def passes(self) -> bool:
        """Whether the rule promotes the challenger."""
        return bool(self.criteria) and all(each.holds for each in self.criteria)

    def lines(self) -> list[dict[str, Any]]:
        """A line for each condition, as the table artifact shows them."""
        found = [asdict(each) | {"holds": "yes" if each.holds else "no"} for each in self.criteria]
        return [{key: round(v, 4) if isinstance(v, float) else v for key, v in line.items()} for line in found]
