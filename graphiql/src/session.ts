/** Who is signed in. The token lives as long as the browser's tab, and goes nowhere but to our own server. */
import { useSyncExternalStore } from "react";
import { ask } from "./api";

const KEPT = "meritbook:token";
const VIEWER = "query Viewer { viewer { employee { name title } permissions } }";

export type Person = { name: string; title: string; permissions: string[] };
export type Session =
  | { is: "signed out"; because?: string }
  | { is: "checking" }
  | { is: "signed in"; person: Person };

let token = sessionStorage.getItem(KEPT);
let session: Session = { is: "signed out" };
const listeners = new Set<() => void>();

function become(next: Session) {
  session = next;
  for (const listener of listeners) listener();
}

function keep(next: string | null) {
  token = next;
  if (next === null) sessionStorage.removeItem(KEPT);
  else sessionStorage.setItem(KEPT, next);
}

/** The header that says who asks, if somebody is signed in. */
export function authorization(): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Sign in with what was pasted: a token, or the whole header. */
export async function signIn(pasted: string): Promise<void> {
  const next = pasted.trim().replace(/^authorization:\s*/i, "").replace(/^bearer\s+/i, "");
  if (!/^[\w.~+/-]+=*$/.test(next)) {
    become({ is: "signed out", because: "That is not a token: it is one line of letters, digits, dots and dashes." });
    return;
  }
  keep(next);
  await check("This token is not valid, or not any more.");
}

export function signOut() {
  keep(null);
  become({ is: "signed out" });
}

/** Ask the server who is signed in. A token that stands for nobody is forgotten. */
export async function check(refused = "Your token is not valid any more. Sign in again."): Promise<void> {
  const asked = token;
  if (asked === null) return;
  if (session.is === "signed out") become({ is: "checking" });
  const { data, errors } = await ask({ query: VIEWER });
  if (token !== asked) return;
  const viewer = data?.viewer as { employee: Omit<Person, "permissions"> | null; permissions: string[] } | null;
  if (viewer) {
    const { name, title } = viewer.employee ?? { name: "Somebody", title: "who is not an employee" };
    become({ is: "signed in", person: { name, title, permissions: viewer.permissions } });
  } else {
    keep(null);
    const code = errors?.[0]?.extensions?.code;
    become({ is: "signed out", because: code === "UNAUTHENTICATED" ? refused : errors?.[0]?.message });
  }
}

/** An answer said that nobody is signed in, though somebody was: see whether that still holds. */
export function doubt() {
  if (session.is === "signed in") void check();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session);
