/** The page in a real browser: see README.md. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";

const SHOTS = process.env.SHOTS;
const QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

let server, folder, url, tokens, browser, page, wrong;

before(async () => {
  await demo();
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", ...QUIET] });
});

after(async () => {
  await browser?.close();
  const stopped = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await stopped;
  if (!process.env.DATA) rmSync(folder, { recursive: true });
});

/** A demo of our own, on a port that is free; and who signs in there. */
async function demo() {
  folder = process.env.DATA || mkdtempSync(join(tmpdir(), "meritbook-browser-"));
  const port = 20000 + (process.pid % 20000);
  const env = { ...process.env, DATA: folder, PORT: String(port), DATABASE_URL: "", KEYS: "" };
  const root = join(import.meta.dirname, "..");
  server = spawn(join(root, ".venv/bin/python"), ["-m", "cli", "demo"], { cwd: root, env });
  url = `http://127.0.0.1:${port}/graphql`;
  let said = "";
  await new Promise((resolve, reject) => {
    const hear = (chunk) => (said += chunk).includes("A token for anybody") && resolve();
    server.stdout.on("data", hear);
    server.stderr.on("data", hear);
    server.once("exit", () => reject(new Error(said)));
  });
  tokens = (title) => new RegExp(`${title}.*\\nAuthorization: (Bearer \\S+)`).exec(said)[1];
}

beforeEach(async () => open());

afterEach(async () => {
  await page.context().close();
  assert.deepEqual(wrong, []);
});

/** A visitor who was never here. What should not happen is remembered. */
async function open({ colorScheme = "light", at = url } = {}) {
  await page?.context().close();
  wrong = [];
  const context = await browser.newContext({ colorScheme, viewport: { width: 1400, height: 860 } });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => wrong.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("requestfailed", (request) => {
    const { errorText } = request.failure();
    if (errorText !== "net::ERR_ABORTED") wrong.push(`${request.url()}: ${errorText}`); // a reload aborts what is under way
  });
  await context.route("**", (route) => {
    const asked = route.request().url();
    if (new URL(asked).origin === new URL(url).origin || asked.startsWith("data:")) return route.continue();
    wrong.push(`asked for ${asked}`);
    return route.abort();
  });
  await page.goto(at);
  await page.waitForSelector(".graphiql-query-editor .view-line");
}

async function signIn(token) {
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
}

async function run() {
  await page.locator(".graphiql-query-editor .monaco-editor").first().click();
  await page.keyboard.press("Control+Enter");
}

const tab = (name) => page.locator(".graphiql-tab-button", { hasText: new RegExp(`^${name}$`) });
const answer = () => page.locator(".graphiql-response .view-lines");
const shows = (text) => page.waitForFunction(
  (wanted) => document.querySelector(".graphiql-response .view-lines")?.innerText.replaceAll("\u00a0", " ").includes(wanted),
  text,
);
const shot = async (name) => SHOTS && page.screenshot({ path: join(SHOTS, `${name}.png`) });

test("somebody signs in, is shown, runs a query, and signs out", async () => {
  await signIn(tokens("compliance reviewer"));
  await page.getByRole("button", { name: "Clara Reyes" }).waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  await run();
  await shows('"name": "Clara Reyes"');
  await shot("viewer");

  await page.reload();
  await page.getByRole("button", { name: "Clara Reyes" }).click();
  await page.getByText("history.view").waitFor();
  await shot("who");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }).includes("eyJ")), false);
  await run();
  await shows("UNAUTHENTICATED");
});

test("every example is a tab, and is answered at once when it is opened", async () => {
  await signIn(tokens("payroll officer"));
  await page.getByRole("button", { name: "Piet Janssen" }).waitFor();
  for (const [name, wanted] of [
    ["Leaderboard", '"rank": 1'],
    ["PayoutRun", '"attainment"'],
    ["Refused", "PAYOUT_RUN_WRONG_STATUS"],
    ["Viewer", '"payout.release"'],
    ["History", '"employeeByNumber"'],
  ]) {
    await tab(name).click();
    await run();
    await shows(wanted);
    await shot(name.toLowerCase());
  }
});

test("a token that stands for nobody is refused, and a reason is given", async () => {
  await signIn("eyJ.not.one");
  await page.getByText("This token is not valid").waitFor();
  await page.getByLabel("Token").fill("two words");
  await page.keyboard.press("Enter");
  await page.getByText("That is not a token").waitFor();
  await shot("refused-token");
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("dialog").count(), 0);
});

test("the documentation and the examples open beside the editor", async () => {
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await page.getByText("A GraphQL schema provides a root type").waitFor();
  await shot("documentation");
  await page.getByRole("button", { name: "Show Examples" }).click();
  await page.getByRole("button", { name: /^Leaderboard Who/ }).click();
  await page.waitForFunction(() => document.querySelectorAll(".graphiql-tab-button").length === 6);
  await run();
  await shows("UNAUTHENTICATED");
  await page.getByRole("button", { name: "Show History" }).click();
  await page.locator(".graphiql-history-item").getByText("Leaderboard").waitFor();
  await shot("examples");
});

test("the editor knows the schema: it completes, and says what is wrong", async () => {
  await page.locator(".graphiql-query-editor .monaco-editor").first().click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("{ leaderb");
  await page.keyboard.press("Control+Space");
  await page.locator(".suggest-widget .monaco-list-row", { hasText: "leaderboard" }).first().waitFor();
  await shot("completion");
  await page.keyboard.press("Escape");
  await page.keyboard.type("x }");
  await page.locator(".squiggly-error").first().waitFor();
});

test("it can be used without a mouse", async () => {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.textContent === "Sign in")) break;
  }
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "TEXTAREA");
  await page.keyboard.insertText(tokens("sales agent"));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Darcel Schlecht" }).waitFor();
});

test("a link brings its query, which waits to be run", async () => {
  const query = "query Linked { __typename }";
  await open({ at: `${url}?${new URLSearchParams({ query })}` });
  await tab("Linked").waitFor();
  assert.equal((await answer().innerText()).trim(), "");
  await run();
  await shows('"__typename": "Query"');
});

test("a subscription is told what happens, and says why it is told nothing", async () => {
  const query = "subscription Changes($after: String) { changes(after: $after) { cursor event { position } } }";
  const last = "{ events(last: 2) { pageInfo { startCursor } nodes { position } } }";
  const headers = { authorization: tokens("compliance reviewer"), "content-type": "application/json" };
  const answered = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query: last }) });
  const { events } = (await answered.json()).data;
  const variables = JSON.stringify({ after: events.pageInfo.startCursor });
  await open({ at: `${url}?${new URLSearchParams({ query, variables })}` });
  await run();
  await shows("UNAUTHENTICATED");
  await signIn(tokens("compliance reviewer"));
  await page.getByRole("button", { name: "Clara Reyes" }).waitFor();
  await run();
  await shows(`"position": ${events.nodes[1].position}`);
  await shot("changes");
});

test("light and dark follow the system, while the page is open too", async () => {
  const colour = () => page.evaluate(() => getComputedStyle(document.querySelector(".graphiql-container")).backgroundColor);
  const editor = () => page.evaluate(() => document.querySelector(".monaco-editor").classList.contains("vs-dark"));
  assert.equal(await colour(), "rgb(255, 255, 255)");
  assert.equal(await editor(), false);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForFunction(() => document.querySelector(".monaco-editor").classList.contains("vs-dark"));
  assert.equal(await colour(), "rgb(33, 42, 59)");

  await open({ colorScheme: "dark" });
  assert.equal(await editor(), true);
  await signIn(tokens("payroll officer"));
  await page.getByRole("button", { name: "Piet Janssen" }).waitFor();
  await tab("PayoutRun").click();
  await run();
  await shows('"attainment"');
  await page.getByRole("button", { name: "Show Examples" }).click();
  await shot("dark");
});
