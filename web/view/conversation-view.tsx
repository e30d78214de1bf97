/**
 * The middle column: what a conversation is called, its messages, and the box to write in.
 */
import { memo } from "react";
import type { OpenState } from "../chat/chat-state.ts";
import type { Wording } from "../words/wording.ts";
import { Avatar } from "./avatar.tsx";
import { Composer } from "./composer.tsx";
import { titleOf, useChat, usePage } from "./context.ts";
import { Icon } from "./icon.tsx";
import { MessageList } from "./message-list.tsx";

export interface ConversationViewProps {
  readonly goBack: () => void;
  readonly togglePeople: () => void;
}

/** The name that back ends send under; nobody can be written to there. */
const BACK_END = "system";

export const ConversationView = memo(function ConversationView(props: ConversationViewProps) {
  const { words } = usePage();
  const open = useChat((state) => state.open);
  if (open === undefined) {
    return (
      <div className="empty whole">
        <h2>{words.noConversation}</h2>
        <p>{words.noConversationHint}</p>
        <button type="button" className="only-narrow" onClick={props.goBack}>
          {words.back}
        </button>
      </div>
    );
  }
  const title = titleOf(words, open);
  const canWrite = open.kind !== "all" && open.name !== BACK_END;
  return (
    <>
      <Header
        {...props}
        id={open.id}
        kind={open.kind}
        name={open.name}
        title={title}
        subtitle={subtitleOf(open, words)}
      />
      {open.loaded || open.rows.length > 0 ? (
        <MessageList key={open.run} open={open} title={title} />
      ) : (
        <div className="empty" role="status">
          <span className="spinner" aria-hidden="true" />
          {words.loading}
        </div>
      )}
      <p className="typists" aria-live="off">
        {typistsOf(open.typing, words)}
      </p>
      {canWrite ? <Composer id={open.id} title={title} /> : <p className="no-reply">{words.cannotReply}</p>}
    </>
  );
});

interface HeaderProps extends ConversationViewProps {
  readonly id: string;
  readonly kind: OpenState["kind"];
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
}

const Header = memo(function Header({ goBack, togglePeople, id, kind, name, title, subtitle }: HeaderProps) {
  const { chat, words } = usePage();
  const leaveWords = kind === "room" ? words.leaveRoom : words.removePerson;
  return (
    <header className="bar">
      <button type="button" className="round only-narrow" onClick={goBack} aria-label={words.back}>
        <Icon name="back" />
      </button>
      <Avatar name={name} kind={kind} />
      <div className="title">
        <h2 dir="auto">{title}</h2>
        <p>{subtitle}</p>
      </div>
      {kind === "all" ? null : (
        <button
          type="button"
          className="round"
          aria-label={leaveWords}
          title={leaveWords}
          onClick={() => {
            chat.leave(id);
            goBack();
          }}
        >
          <Icon name="leave" />
        </button>
      )}
      <button
        type="button"
        className="round people-toggle"
        onClick={togglePeople}
        aria-label={words.showPeople}
        title={words.showPeople}
      >
        <Icon name="people" />
      </button>
    </header>
  );
});

function subtitleOf({ kind, online, people }: OpenState, words: Wording): string {
  if (kind === "room") return people === undefined ? "" : words.membersHere(people.count);
  if (kind === "all" || online === undefined) return "";
  return online ? words.isOnline : words.isAway;
}

const TYPISTS_SHOWN = 3;

function typistsOf(names: readonly string[], words: Wording): string {
  const shown = names.slice(0, TYPISTS_SHOWN).join(", ");
  if (names.length === 0) return "";
  if (names.length === 1) return words.typingOne(shown);
  const more = names.length - TYPISTS_SHOWN;
  return words.typingMany(more > 0 ? words.andOthers(shown, more) : shown);
}
