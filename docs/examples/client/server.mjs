/** A server of our own, on a port that is free. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** `meritbook <command>` on this folder of data, once it answers; `said` is what it has printed by then. */
export async function serving(command, folder, settings = {}) {
  const port = await freePort();
  const env = { ...process.env, DATA: folder, PORT: String(port), DATABASE_URL: "", KEYS: "", ...settings };
  const server = spawn(join(root, ".venv/bin/python"), ["-m", "cli", command], { cwd: root, env });
  const url = `http://127.0.0.1:${port}/graphql`;
  let said = "";
  await new Promise((resolve, reject) => {
    const hear = (chunk) => (said += chunk).includes("A token for anybody") && resolve();
    server.stdout.on("data", hear);
    server.stderr.on("data", hear);
    server.once("exit", () => reject(new Error(said)));
  });
  for (let tries = 100; !(await fetch(url).catch(() => null)); tries -= 1) {
    assert.ok(tries, "The server does not answer.");
    await new Promise((resume) => setTimeout(resume, 100));
  }
  return { url, said, stop: () => stopped(server) };
}

async function stopped(server) {
  if (server.exitCode !== null) return;
  const gone = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await gone;
}

async function freePort() {
  const held = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => held.once("listening", resolve));
  const { port } = held.address();
  await new Promise((resolve) => held.close(resolve));
  return port;
}
