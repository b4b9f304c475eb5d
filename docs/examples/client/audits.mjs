/** What graphql-http's audits of GraphQL over HTTP say of a server, as it is developed with and as it is run. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { auditServer } from "graphql-http";

import { serving } from "./server.mjs";

const folder = mkdtempSync(join(tmpdir(), "meritbook-audits-"));
after(() => rmSync(folder, { recursive: true }));

/** Audits that ask for `__type`, to see whether variables are read: in production nobody may. */
const ABOUT_THE_SCHEMA = ["2EA1", "28B9", "D6D5", "6A70"];

for (const [mode, settings, refused] of [
  ["development", {}, []],
  ["production", { PRODUCTION: "1", ADDRESS_RATE: "0" }, ABOUT_THE_SCHEMA],
]) {
  test(`${mode}: every audit passes that may`, async () => {
    const server = await serving("serve", folder, settings);
    try {
      const results = await auditServer({ url: server.url });
      assert.ok(results.length >= 61);
      const failed = results.filter((each) => each.status !== "ok" && !refused.includes(each.id));
      assert.deepEqual(failed.map((each) => `${each.name}: ${each.reason}`), []);
    } finally {
      await server.stop();
    }
  });
}
