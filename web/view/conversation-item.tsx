/**
 * One line in the list of conversations.
 */
import { memo } from "react";
import type { Message } from "../../src/client/index.ts";
import type { Summary } from "../chat/conversation.ts";
import type { Wording } from "../words/wording.ts";
import { Avatar } from "./avatar.tsx";
import { titleOf, usePage } from "./context.ts";
import { Icon } from "./icon.tsx";

export interface ConversationItemProps {
  readonly summary: Summary;
  readonly isOpen: boolean;
  readonly me: string;
  readonly open: (id: string) => void;
}

const COUNT_MAX = 99;

export const ConversationItem = memo(function ConversationItem({
  summary,
  isOpen,
  me,
  open,
}: ConversationItemProps) {
  const { words, moments } = usePage();
  const { id, kind, name, joined, unread, last, failed, typing, online } = summary;
  return (
    <li>
      <button
        type="button"
        className={joined ? "conversation-item" : "conversation-item offered"}
        aria-current={isOpen ? "true" : undefined}
        data-id={id}
        onClick={() => open(id)}
      >
        <Avatar name={name} kind={kind} online={kind === "direct" ? online : undefined} />
        <span className="texts">
          <span className="line">
            <span className="name" dir="auto">
              {titleOf(words, summary)}
            </span>
            {last === undefined ? null : <time>{moments.short(last.sentAt, Date.now())}</time>}
          </span>
          <span className="line">
            {typing.length > 0 ? (
              <span className="preview typing">{words.typingShort}</span>
            ) : (
              <span className="preview" dir="auto">
                {joined ? previewOf(last, kind === "room", me, words) : words.clickToJoin}
              </span>
            )}
            {failed ? (
              <span className="failed-sign" title={words.notSentShort}>
                <Icon name="warning" />
                <span className="unseen">{words.notSentShort}</span>
              </span>
            ) : null}
            {unread > 0 ? (
              <span className="unread">
                <span aria-hidden="true">{unread > COUNT_MAX ? `${COUNT_MAX}+` : unread}</span>
                <span className="unseen">{words.unread(unread)}</span>
              </span>
            ) : null}
          </span>
        </span>
      </button>
    </li>
  );
});

const PREVIEW_CHARACTERS_MAX = 120;

function previewOf(last: Message | undefined, namesSender: boolean, me: string, words: Wording): string {
  if (last === undefined) return words.nothingYet;
  const { type, msg, from, nickname } = last;
  const what = msg !== "" ? msg.slice(0, PREVIEW_CHARACTERS_MAX) : type === "img" ? words.image : words.file;
  if (from === me) return words.youWrote(what);
  return namesSender ? words.announced(nickname ?? from, what) : what;
}
