/** Who is signed in, at the top of the page; and where to sign in and out. */
import { Button, Dialog, UnStyledButton } from "@graphiql/react";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Person, signIn, signOut, useSession } from "./session";

export function SignIn() {
  const session = useSession();
  const [open, setOpen] = useState(false);
  const before = useRef(session.is);

  useEffect(() => {
    if (before.current !== "signed in" && session.is === "signed in") setOpen(false);
    before.current = session.is;
  }, [session.is]);

  return (
    <>
      <h1>Meritbook</h1>
      {session.is === "signed in" ? (
        <UnStyledButton type="button" className="who" onClick={() => setOpen(true)} aria-haspopup="dialog">
          <span className="initials" aria-hidden="true">
            {initials(session.person.name)}
          </span>
          <span className="name">{session.person.name}</span>
          <span className="title">{session.person.title}</span>
        </UnStyledButton>
      ) : (
        <Button type="button" className="primary" onClick={() => setOpen(true)} aria-haspopup="dialog">
          {session.is === "checking" ? "Signing in …" : "Sign in"}
        </Button>
      )}
      <Dialog open={open} onOpenChange={setOpen}>
        {session.is === "signed in" ? (
          <SignedIn person={session.person} done={() => setOpen(false)} />
        ) : (
          <Form busy={session.is === "checking"} because={session.is === "signed out" ? session.because : undefined} />
        )}
      </Dialog>
    </>
  );
}

function Form({ busy, because }: { busy: boolean; because?: string }) {
  const [pasted, setPasted] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    void signIn(pasted);
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key === "Enter" && !event.shiftKey) submit(event);
  }

  return (
    <form className="sign-in" onSubmit={submit}>
      <Header title="Sign in" />
      <Dialog.Description asChild>
        <p>
          Paste a bearer token. It stays in this tab of your browser, and is forgotten when you close it or sign out.
        </p>
      </Dialog.Description>
      <label>
        Token
        <textarea
          value={pasted}
          onChange={(event) => setPasted(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          rows={5}
          placeholder="eyJ…"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          autoFocus
          required
          aria-invalid={because !== undefined}
          aria-describedby="refused"
        />
      </label>
      <p id="refused" role="alert">
        {because}
      </p>
      <p className="hint">
        The demo prints tokens when it starts, one for each role. For anybody else:{" "}
        <code>.venv/bin/meritbook token NUMBER</code>
      </p>
      <div className="buttons">
        <Button type="submit" className="primary" disabled={busy}>
          {busy ? "Signing in …" : "Sign in"}
        </Button>
      </div>
    </form>
  );
}

function SignedIn({ person, done }: { person: Person; done: () => void }) {
  return (
    <div className="sign-in">
      <Header title={person.name} />
      <Dialog.Description asChild>
        <p>{person.title}</p>
      </Dialog.Description>
      <h3 id="permissions">May</h3>
      {person.permissions.length === 0 ? (
        <p className="hint">What every member of staff may, and no more.</p>
      ) : (
        <ul className="permissions" aria-labelledby="permissions">
          {person.permissions.map((permission) => (
            <li key={permission}>{permission}</li>
          ))}
        </ul>
      )}
      <div className="buttons">
        <Button
          type="button"
          onClick={() => {
            done();
            signOut();
          }}
        >
          Sign out
        </Button>
      </div>
    </div>
  );
}

function Header({ title }: { title: string }) {
  return (
    <div className="header">
      <Dialog.Title className="graphiql-dialog-title">{title}</Dialog.Title>
      <Dialog.Close />
    </div>
  );
}

function initials(name: string): string {
  const parts = name.split(/\s+/).filter(Boolean);
  const ends = parts.length > 1 ? [parts[0], parts[parts.length - 1]] : parts;
  return ends.map((part) => [...part][0]).join("");
}
