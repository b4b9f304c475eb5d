/**
 * Signs in, shows the leaderboard, explains what you were paid, and judges the first of your reports.
 *
 *     MERITBOOK_URL=http://127.0.0.1:8000/graphql MERITBOOK_TOKEN=… npm start
 */
import { argv, env } from "node:process";
import { pathToFileURL } from "node:url";

import { Api } from "./api.js";
import { command, isRefused } from "./commands.js";
import { Leaders, Me, MyPayout, RecordScore } from "./operations.js";
import type { AmountFragment, Metric } from "../generated/codegen/graphql.js";

const PERIOD = "2017-Q2";

export async function* show(api: Api): AsyncGenerator<string> {
  const { employee: me } = (await api.ask(Me)).viewer;
  if (!me) return;
  yield `You are ${me.name}, ${me.title}.`;
  yield* leaderboard(api);
  yield* payout(api, me.id);
  const [report] = me.reports.nodes;
  if (!report) return;
  for (const value of ["4", "7"]) yield await judged(api, report.id, "TEAMWORK", value);
}

async function* leaderboard(api: Api): AsyncGenerator<string> {
  const { leaderboard: board } = await api.ask(Leaders, { period: PERIOD, first: 3 });
  yield `Who won most in ${PERIOD}:`;
  for (const { rank, employee, value } of board.entries)
    // whose value you may not see has a rank and no value
    yield `${rank}. ${employee?.name}${value == null ? "" : `: ${value} ${board.currency}`}`;
}

async function* payout(api: Api, me: string): AsyncGenerator<string> {
  const { payoutRun: run } = await api.ask(MyPayout, { period: PERIOD, me });
  const [line] = run?.lines.nodes ?? [];
  if (!line?.amount || !line.explanation) return yield `${PERIOD} pays you nothing.`;
  const { deals, credited, legs } = line.explanation;
  yield `${PERIOD} pays you ${money(line.amount)}: ${deals.length} deals that come to ${credited && money(credited)}.`;
  for (const { amount, rate, earned } of legs) yield `  of ${money(amount)}, ${rate}: ${money(earned)}`;
}

export async function judged(api: Api, employeeId: string, metric: Metric, value: string): Promise<string> {
  const { recordScore: answer } = await command((commandId) =>
    api.ask(RecordScore, { input: { commandId, employeeId, metric, value, effective: "2017-12-29" } }),
  );
  if (isRefused(answer)) return `Refused, ${answer.code}: ${answer.message} (${answer.path.join(".")})`;
  return `Recorded at ${answer.position}: ${answer.score?.metric} ${answer.score?.value}`;
}

const money = ({ amount, currency }: AmountFragment): string => `${amount} ${currency}`;

if (import.meta.url === pathToFileURL(argv[1] ?? "").href) {
  const { MERITBOOK_URL = "http://127.0.0.1:8000/graphql", MERITBOOK_TOKEN = "" } = env;
  for await (const line of show(new Api(MERITBOOK_URL, MERITBOOK_TOKEN))) console.log(line);
}
