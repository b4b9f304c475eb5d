/** What does not compile. Were one of these allowed, `@ts-expect-error` would be the error. */
import type { Api } from "./api.js";
import { command } from "./commands.js";
import { Leaders, RecordScore } from "./operations.js";

export async function mistakes(api: Api): Promise<void> {
  // @ts-expect-error A variable that the document needs is missing.
  await api.ask(Leaders, { first: 3 });

  // @ts-expect-error A variable is of another type.
  await api.ask(Leaders, { period: 2017 });

  const { leaderboard } = await api.ask(Leaders, { period: "2017" });
  // @ts-expect-error It was not asked for.
  leaderboard.metric;
  // @ts-expect-error It may be hidden from whoever is signed in.
  leaderboard.entries[0]?.value.length;

  const { recordScore } = await command((commandId) =>
    // @ts-expect-error There is no such metric.
    api.ask(RecordScore, { input: { commandId, employeeId: "", metric: "CHARM", value: "5", effective: "2017-12-29" } }),
  );
  // @ts-expect-error The rules may have refused it.
  recordScore.score;
}
