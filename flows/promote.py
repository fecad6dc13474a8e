"""A challenger against the champion: by a stated rule, by a person in the UI, or by force."""

from typing import Annotated

from prefect import flow, get_run_logger, suspend_flow_run
from prefect.runtime import deployment
from pydantic import BaseModel, ConfigDict, Field

from models.settings import Decision, Name, PromotionSettings
from tasks.challenge import challenge
from tasks.challenge_result import ChallengeResult
from tasks.errors import BadInput
from tasks.process import ModelProcess
from tasks.promote import Answer, promote_challenger
from tasks.promotions import Promoter, Promotion

Version = Annotated[str, Field(min_length=6)] | None  # its beginning is enough
BY = {Decision.rule: Promoter.rule, Decision.person: Promoter.person, Decision.force: Promoter.person}


class PromotionResult(BaseModel):
    """How the challenger did, and the promotion if there was one."""

    model_config = ConfigDict(frozen=True)

    challenge: ChallengeResult
    promotion: Promotion | None


@flow(name="promote", persist_result=False)
def promote(
    name: Name = "digits",
    version: Version = None,
    decision: Decision = Decision.rule,
    reason: str = "",
    store: Annotated[str, Field(min_length=1)] = "store",
    rule: PromotionSettings = PromotionSettings(),
) -> PromotionResult:
    """Compare a registered version with the promoted one on test rows of both, and promote it if that is decided.

    Args:
        name: What the models are registered as.
        version: The challenger, by the beginning of its version; that of the newest registration if empty.
        decision: By the rule; by a person, for whom the run waits; or by force, whatever the rule says.
        reason: Why it is promoted by force.
        store: Folder or URI where everything is kept.
        rule: The conditions.
    """
    if decision == Decision.person:
        refuse_without_deployment()
    with ModelProcess(trains=False) as process:
        found = challenge.submit(name, version, rule, store, process).result()
    if found.is_champion:
        return PromotionResult(challenge=found, promotion=None)
    match decision:
        case Decision.rule:
            agreed, why = found.passes, found.reason
        case Decision.person:
            answer = ask_person(found)
            agreed, why = answer.promote, answer.reason
        case Decision.force:
            agreed, why = True, reason
    if not agreed:
        get_run_logger().warning("%s stays with version %s: %s", name, found.champion, why)
        return PromotionResult(challenge=found, promotion=None)
    made = promote_challenger.submit(found, BY[decision], why, store).result()
    return PromotionResult(challenge=found, promotion=made)


def refuse_without_deployment() -> None:
    """Refuse to wait for a person in a run that can't be suspended.

    Raises:
        BadInput: it is no deployment's.
    """
    if deployment.id is None:
        raise BadInput(
            "promote", "a run of a deployment, which can wait for a person", "a run without one",
            "Start the deployment promote in the UI, or decide here: genclust promote NAME --by person.",
        )  # fmt: skip


def ask_person(found: ChallengeResult) -> Answer:
    """Suspend the run until somebody answers in the UI; if another version was promoted meanwhile, ask anew."""
    question = Answer.with_initial_data(description=question_text(found))
    return suspend_flow_run(wait_for_input=question, key=f"{found.champion[:12]}-{found.challenger[:12]}")


def question_text(found: ChallengeResult) -> str:
    """How the challenger did, as markdown."""
    lines = [f"| {' | '.join('' if cell is None else str(cell) for cell in line.values())} |" for line in found.lines()]
    table = "\n".join(["| condition | champion | challenger | needed | holds |", "|---|---|---|---|---|", *lines])
    return (
        f"# Promote {found.name} {found.challenger[:12]}?\n\nThe champion is {found.champion[:12]}; {found.reason}.\n\n"
        f"{table if lines else ''}"
    )
