/** The example, and the documents of the other generators, against a demo of their own. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { register } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fetchQuery } from "relay-runtime";
import { WebSocket } from "ws"; // Node 20 has none of its own

import { Api, ApiError } from "./build/src/api.js";
import { command, newCommandId } from "./build/src/commands.js";
import { judged, show } from "./build/src/example.js";
import { changes } from "./build/src/live.js";
import { Me } from "./build/src/operations.js";
import { serving } from "./server.mjs";

register("./resolve.mjs", import.meta.url); // what relay-compiler and genql generate is meant for bundlers
const { environment } = await import("./build/relay/environment.js");
const { leaders } = await import("./build/genql/example.js");
const generated = (name) => import(`./build/relay/__generated__/${name}.graphql.js`).then((module) => module.default);

let folder, server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "meritbook-client-"));
  server = await serving("demo", folder);
});

after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

const tokenOf = (name) => new RegExp(`As ${name}.*\\nAuthorization: Bearer (\\S+)`).exec(server.said)[1];

async function shown(name, manner) {
  const lines = [];
  for await (const line of show(new Api(server.url, tokenOf(name), manner))) lines.push(line);
  return lines;
}

test("an agent sees who leads, and why a payout is what it is", async () => {
  const lines = await shown("Darcel Schlecht");
  assert.deepEqual(lines.slice(0, 4), [
    "You are Darcel Schlecht, Sales agent.",
    "Who won most in 2017-Q2:",
    "1. Darcel Schlecht: 310075.00 USD",
    "2. Daniell Hammack",
  ]);
  assert.ok(lines.includes("2017-Q2 pays you 28209.00 USD: 96 deals that come to 310075.00 USD."));
  assert.equal(lines.at(-1), "  of 160075.00 USD, 0.12: 19209.00 USD");
});

test("a manager judges a report, and a refusal is a value", async () => {
  const [recorded, refused] = (await shown("Melvin Marxen")).slice(-2);
  assert.match(recorded, /^Recorded at \d+: TEAMWORK 4$/);
  assert.equal(refused, "Refused, SCORE_OFF_SCALE: TEAMWORK goes from 1 to 5. (value)");
});

test("a command whose answer is lost is given again, and carried out once", async () => {
  let lost = 0;
  const losing = async (...asked) => {
    const answer = await fetch(...asked);
    if (asked[1].body.includes("recordScore") && lost++ < 2) throw new TypeError("fetch failed");
    return answer;
  };
  const api = new Api(server.url, tokenOf("Melvin Marxen"), { send: losing });
  const { viewer } = await api.ask(Me);
  const [report] = viewer.employee.reports.nodes;
  assert.match(await judged(api, report.id, "ATTITUDE", "5"), /^Recorded at \d+: ATTITUDE 5$/);
  assert.equal(lost, 3);
});

test("who is not signed in is told so at once", async () => {
  const nobody = new Api(server.url, "not a token");
  await assert.rejects(
    command(() => nobody.ask(Me)),
    (error) => error instanceof ApiError && error.code === "UNAUTHENTICATED",
  );
});

test("ids of commands begin with the time, and are none like another", () => {
  const before = Date.now();
  const ids = Array.from({ length: 1000 }, newCommandId);
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = Number.parseInt(id.slice(0, 13).replace("-", ""), 16);
    assert.ok(before <= time && time <= Date.now());
  }
  assert.equal(new Set(ids).size, ids.length);
});

test("Relay pages through employees, and asks for one again", async (context) => {
  const warned = context.mock.method(console, "error");
  const relay = environment(server.url, tokenOf("Melvin Marxen"));
  const ask = async (name, variables) => fetchQuery(relay, await generated(name), variables).toPromise();
  await ask("EmployeesQuery", { first: 20, where: { status: { eq: "ACTIVE" } } });
  const records = () => Object.values(relay.getStore().getSource().toJSON());
  const people = () => records().filter((record) => record.__typename === "Employee");
  assert.equal(people().length, 21); // the page, and who is signed in
  const page = records().find((record) => record.__typename === "PageInfo");
  const { endCursor, hasNextPage } = page;
  assert.ok(hasNextPage);
  const more = { first: 20, after: endCursor, where: { status: { eq: "ACTIVE" } } };
  await ask("EmployeesPageQuery", more);
  assert.ok(people().length > 21);
  await ask("EmployeesRowQuery", { id: people()[0].__id });
  assert.deepEqual(warned.mock.calls, []); // it warns of two objects with one id
});

test("genql asks for the leaderboard", async () => {
  assert.equal((await leaders(server.url, tokenOf("Melvin Marxen")))[0], "Darcel Schlecht");
});

test("whoever follows what happens misses nothing when the connection is lost", async () => {
  const sockets = [];
  class Losing extends WebSocket {
    constructor(...asked) {
      super(...asked);
      sockets.push(this);
    }
  }
  const api = new Api(server.url, tokenOf("Melvin Marxen"));
  const { viewer } = await api.ask(Me);
  const [report] = viewer.employee.reports.nodes;
  const judge = async () => Number(/\d+/.exec(await judged(api, report.id, "TEAMWORK", "4"))[0]);
  const manner = { webSocketImpl: Losing, pause: 10 };
  const following = changes(server.url, tokenOf("Clara Reyes"), manner);
  let heard;
  const first = following.next().then((change) => (heard = change.value));
  while (!heard) await Promise.race([first, judge()]);
  sockets[0].close(4999);
  const last = (await judge(), await judge());
  const positions = [heard.event.position];
  while (positions.at(-1) < last) positions.push((await following.next()).value.event.position);
  assert.deepEqual(positions, Array.from(positions, (_, place) => positions[0] + place));
  assert.equal(sockets.length, 2);
  assert.equal(heard.event.topic, "score.recorded");
  await following.return();
  await assert.rejects(changes(server.url, "not a token", manner).next(), { code: 4403 });
});

test("a server in production that answers trusted documents alone answers this client", async () => {
  const before = await shown("Darcel Schlecht");
  await server.stop();
  const manifest = join(import.meta.dirname, "generated/codegen/persisted-documents.json");
  const settings = { PRODUCTION: "1", TRUSTED_ONLY: "1", TRUSTED_DOCUMENTS: manifest };
  server = await serving("demo", folder, settings);
  assert.deepEqual(await shown("Darcel Schlecht", { trusted: true }), before);
  await assert.rejects(shown("Darcel Schlecht"), { code: "DOCUMENT_NOT_TRUSTED" });
});
