/**
 * Finds a room or a person by a few letters, and joins or writes to what is not in the list yet. The field keeps the
 * focus; arrows choose.
 */
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { directId, roomId } from "../chat/conversation.ts";
import { Avatar } from "./avatar.tsx";
import { titleOf, useChat, usePage } from "./context.ts";
import { Icon } from "./icon.tsx";
import { useDialog } from "./use-dialog.ts";

export interface FinderProps {
  readonly open: (id: string) => void;
  readonly close: () => void;
}

interface Choice {
  readonly id: string;
  readonly kind: "room" | "direct" | "all";
  readonly name: string;
  readonly text: string;
}

const CHOICES_MAX = 12;
const ROOM_NAME = /^[\w.-]{1,64}$/;
const USER_BYTES_MAX = 64;

export function Finder({ open, close }: FinderProps) {
  const { words } = usePage();
  const dialog = useDialog(close);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const choices = useChoices(query.trim());
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const choice = choices[chosen];
    if (move !== undefined && choices.length > 0) {
      event.preventDefault();
      setChosen((chosen + move + choices.length) % choices.length);
    } else if (event.key === "Enter" && choice !== undefined) {
      event.preventDefault();
      open(choice.id);
    }
  };
  return (
    <dialog className="finder" ref={dialog} aria-label={words.findTitle}>
      <div className="finder-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-expanded={choices.length > 0}
          aria-controls="finder-choices"
          aria-activedescendant={choices.length > 0 ? `choice-${chosen}` : undefined}
          aria-autocomplete="list"
          aria-label={words.findTitle}
          aria-describedby="finder-hint"
          placeholder={words.findShort}
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
        <button type="button" className="round" onClick={close} aria-label={words.close}>
          <Icon name="close" />
        </button>
      </div>
      <div
        className="choices-list"
        id="finder-choices"
        ref={list}
        role="listbox"
        aria-label={words.findTitle}
      >
        {choices.map(({ id, kind, name, text }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the field's
          // biome-ignore lint/a11y/useFocusableInteractive: the field has the focus
          <div
            key={id}
            id={`choice-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => open(id)}
            onPointerMove={() => setChosen(index)}
          >
            <Avatar name={name} kind={kind} size="small" />
            <span dir="auto">{text}</span>
          </div>
        ))}
      </div>
      <p id="finder-hint" className="hint">
        {choices.length === 0 ? words.nothingFound : words.findHint}
      </p>
      <p className="unseen" role="status">
        {words.results(choices.length)}
      </p>
    </dialog>
  );
}

function useChoices(query: string): readonly Choice[] {
  const { words } = usePage();
  const conversations = useChat((state) => state.conversations);
  const people = useChat((state) => state.open?.people);
  const me = useChat((state) => state.me);
  return useMemo(() => {
    const known: Choice[] = conversations.map((one) => ({
      id: one.id,
      kind: one.kind,
      name: one.name,
      text: titleOf(words, one),
    }));
    const ids = new Set(known.map(({ id }) => id));
    const others = [...(people?.names ?? [])]
      .map((name): Choice => ({ id: directId(name), kind: "direct", name, text: name }))
      .filter(({ id, name }) => !ids.has(id) && name !== me);
    const wanted = query.toLowerCase();
    const found = [...known, ...others].filter(
      ({ text, name }) => text.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted),
    );
    const shown = found.slice(0, CHOICES_MAX);
    const isFound = (id: string) => shown.some((one) => one.id === id);
    if (ROOM_NAME.test(query) && !isFound(roomId(query))) {
      shown.push({ id: roomId(query), kind: "room", name: query, text: words.joinRoom(query) });
    }
    const isUser = query !== "" && query !== me && new TextEncoder().encode(query).length <= USER_BYTES_MAX;
    if (isUser && !isFound(directId(query))) {
      shown.push({ id: directId(query), kind: "direct", name: query, text: words.writeToPerson(query) });
    }
    return shown;
  }, [conversations, people, me, query, words]);
}
