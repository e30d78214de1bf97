/**
 * Asks for another name.
 */
import { type FormEvent, useState } from "react";
import { useChat, usePage } from "./context.ts";
import { useDialog } from "./use-dialog.ts";

export interface NameDialogProps {
  /** The server would not take the name. */
  readonly isRefused: boolean;
  readonly rename: (name: string) => void;
  readonly close: () => void;
}

const NAME_BYTES_MAX = 64;

export function NameDialog({ isRefused, rename, close }: NameDialogProps) {
  const { words } = usePage();
  const me = useChat((state) => state.me);
  const dialog = useDialog(close);
  const [name, setName] = useState(me);
  const [isFault, setIsFault] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    const isGood = wanted !== "" && new TextEncoder().encode(wanted).length <= NAME_BYTES_MAX;
    setIsFault(!isGood);
    if (!isGood) return;
    rename(wanted);
    close();
  };
  const showsFault = isFault || (isRefused && name.trim() === me);
  return (
    <dialog className="name-dialog" ref={dialog} aria-labelledby="name-label">
      <form onSubmit={submit}>
        <label htmlFor="name" id="name-label">
          {words.yourName}
        </label>
        <input
          id="name"
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          dir="auto"
          value={name}
          aria-describedby="name-hint"
          aria-invalid={showsFault}
          onChange={(event) => {
            setName(event.target.value);
            setIsFault(false);
          }}
          onFocus={(event) => event.target.select()}
        />
        <p
          id="name-hint"
          className={showsFault ? "hint fault" : "hint"}
          role={showsFault ? "alert" : undefined}
        >
          {showsFault ? words.nameFault : words.nameHint}
        </p>
        <div className="choices">
          <button type="button" onClick={close}>
            {words.cancel}
          </button>
          <button type="submit" className="main">
            {words.save}
          </button>
        </div>
      </form>
    </dialog>
  );
}
