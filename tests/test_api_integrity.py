"""The proof through the API: a root at any position, for who may see the history."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.tree import root_hash
from store.witness import Checkpoint, Witness
from tests._api import Api

ROOT = "query ($position: Position) { integrity(position: $position) { size root checkpoint { size root signature } } }"


async def test_a_reviewer_gets_the_root_at_any_position_and_what_is_signed(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    key = api.organisation.vault.checkpoints
    witness = Witness(api.organisation.pool, api.log.news, key)
    await witness.catch_up()
    leaves = [row["leaf"] for row in await api.organisation.pool.fetch("SELECT leaf FROM store.log ORDER BY position")]
    whole = (await api.data(reviewer, ROOT))["integrity"]
    assert (whole["size"], whole["root"]) == (len(leaves), root_hash(leaves).hex())
    for position in (0, 1, len(leaves) // 2):
        part = (await api.data(reviewer, ROOT, position=position))["integrity"]
        assert part["root"] == root_hash(leaves[:position]).hex()

    said = whole["checkpoint"]
    checkpoint = Checkpoint(said["size"], bytes.fromhex(said["root"]), bytes.fromhex(said["signature"]))
    assert checkpoint.is_signed_by(Ed25519PrivateKey.from_private_bytes(key).public_key())


async def test_others_learn_nothing_of_it(api: Api) -> None:
    answer = await api(await api.clerk("work.view"), ROOT)
    assert answer["data"] == {"integrity": None}
    assert answer["extensions"]["denied"] == [{"path": ["integrity"], "code": "FORBIDDEN_FIELD"}]


async def test_a_position_that_is_not_yet_covered_is_refused(api: Api) -> None:
    answer = await api(await api.clerk("history.view"), ROOT, position=10_000)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
