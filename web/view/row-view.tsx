/**
 * One row of the list. It is drawn again only when something in it is another thing: fifty messages a second cost fifty
 * rows, not fifty times all of them.
 */
import { memo, type ReactNode } from "react";
import type { Draft, Message } from "../../src/client/index.ts";
import type { NoticeGroup } from "../chat/notices.ts";
import type { MessageRow, Row } from "../chat/rows.ts";
import type { Wording } from "../words/wording.ts";
import { Avatar, hueOf } from "./avatar.tsx";
import { usePage } from "./context.ts";
import { Icon, type IconName } from "./icon.tsx";
import { LinkedText } from "./linked-text.tsx";
import { Picture } from "./picture.tsx";
import { safeUrl } from "./safe-url.ts";
import { isOnlyEmoji } from "./text-parts.ts";

export const RowView = memo(
  function RowView({ row }: { readonly row: Row }) {
    if (row.kind === "notice") return <Notice group={row.group} />;
    if (row.kind === "message") return <MessageView row={row} />;
    return <OutgoingView {...row} />;
  },
  ({ row: before }, { row: after }) =>
    before === after ||
    (Object.keys(after) as (keyof Row)[]).every(
      (key) => before[key] === after[key] && before.kind === after.kind,
    ),
);

function MessageView({ row }: { readonly row: MessageRow }) {
  const { words, moments } = usePage();
  const { message, own, first, last, pause, isNew, readers } = row;
  const name = message.nickname ?? message.from;
  const classes = ["row", own ? "own" : "", first ? "first" : "", last ? "last" : ""]
    .filter(Boolean)
    .join(" ");
  return (
    <>
      {pause === undefined ? null : <Pause at={message.sentAt} kind={pause} />}
      {isNew ? (
        <p className="new-mark">
          <span>{words.newHere}</span>
        </p>
      ) : null}
      <article className={classes} aria-label={name} data-id={message.id}>
        {own ? null : last ? <Avatar name={name} size="small" /> : <span className="avatar-gap" />}
        <div className={bubbleClass(message)} title={moments.full(message.sentAt)}>
          {own || !first ? null : (
            <p className="from" dir="auto" style={{ "--hue": hueOf(name) } as React.CSSProperties}>
              {name}
            </p>
          )}
          <Content message={message} from={name} />
          <Meta at={message.sentAt}>{own ? markOf(readers, message.target !== "", words) : null}</Meta>
        </div>
      </article>
    </>
  );
}

function OutgoingView({ outgoing, first }: Extract<Row, { kind: "outgoing" }>) {
  const { chat, words } = usePage();
  const { seq, draft, writtenAt, state } = outgoing;
  const isFailed = state === "failed";
  const classes = ["row own last outgoing", first ? "first" : "", isFailed ? "failed" : ""]
    .filter(Boolean)
    .join(" ");
  return (
    <article className={classes} data-seq={seq}>
      <div className={bubbleClass(draft)}>
        <Content message={draft} from={words.you} />
        <Meta at={writtenAt}>{isFailed ? mark("warning", words.notSent) : mark("clock", words.sending)}</Meta>
      </div>
      {isFailed ? (
        <p className="refused">
          <span role="alert">{words.notSent}</span>{" "}
          <button type="button" className="link" onClick={() => chat.sendAgain(seq)}>
            {words.sendAgain}
          </button>{" "}
          <button type="button" className="link" onClick={() => chat.throwAway(seq)}>
            {words.throwAway}
          </button>
        </p>
      ) : null}
    </article>
  );
}

type Shown = Pick<Message, "url" | "size" | "name"> & {
  readonly type?: Draft["type"];
  readonly msg?: string | undefined;
};

function Content({ message, from }: { readonly message: Shown; readonly from: string }) {
  const { words } = usePage();
  const { type, msg = "", name } = message;
  const url = safeUrl(message.url, document.baseURI);
  return (
    <>
      {url === undefined ? null : type === "img" ? (
        <Picture url={url} size={message.size} alt={words.imageFrom(from)} />
      ) : (
        <a className="file" href={url} target="_blank" rel="noopener noreferrer nofollow">
          {name ?? words.file}
        </a>
      )}
      {msg === "" ? null : <LinkedText text={msg} />}
    </>
  );
}

function bubbleClass({ type, msg = "", url }: Shown): string {
  if (type === "img" && url !== undefined) return "bubble with-picture";
  return (type ?? "text") === "text" && isOnlyEmoji(msg) ? "bubble jumbo" : "bubble";
}

function Meta({ at, children }: { readonly at: number; readonly children: ReactNode }) {
  const { moments } = usePage();
  return (
    <span className="meta">
      <time dateTime={new Date(at).toISOString()}>{moments.time(at)}</time>
      {children}
    </span>
  );
}

function markOf(readers: number, isDirect: boolean, words: Wording): ReactNode {
  if (readers === 0) return mark("check", words.delivered);
  return mark("checks", isDirect || readers === 1 ? words.read : words.readBy(readers));
}

function mark(icon: IconName, text: string): ReactNode {
  return (
    <span className={`mark ${icon}`} title={text}>
      <Icon name={icon} />
      <span className="unseen">{text}</span>
    </span>
  );
}

function Pause({ at, kind }: { readonly at: number; readonly kind: "day" | "time" }) {
  const { moments } = usePage();
  const day = kind === "day" ? `${moments.day(at, Date.now())} ` : "";
  return (
    <p className="pause">
      <time dateTime={new Date(at).toISOString()}>{day + moments.time(at)}</time>
    </p>
  );
}

/** Names in one line; the rest is counted. */
const NAMES_SHOWN = 3;

function Notice({ group }: { readonly group: NoticeGroup }) {
  const { words } = usePage();
  const say = (names: readonly string[], words_: (names: string, count: number) => string) => {
    if (names.length === 0) return null;
    const shown = names.slice(-NAMES_SHOWN).join(", ");
    const more = names.length - NAMES_SHOWN;
    return words_(more > 0 ? words.andOthers(shown, more) : shown, names.length);
  };
  const said = [say(group.came, words.came), say(group.left, words.left)].filter((text) => text !== null);
  return (
    <p className="notice" dir="auto">
      {said.join(" · ")}
    </p>
  );
}
