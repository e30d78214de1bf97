/**
 * The messages of a conversation, of which only those near the screen are elements. It stays at the end while the
 * reader is there, keeps its place when older messages are put before it, and asks for more at both ends.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { OpenState } from "../chat/chat-state.ts";
import { usePage } from "./context.ts";
import { FollowEnd } from "./follow-end.ts";
import { Icon } from "./icon.tsx";
import { type ListStep, nextStep } from "./list-steps.ts";
import { RowView } from "./row-view.tsx";

export interface MessageListProps {
  readonly open: OpenState;
  readonly title: string;
}

/** So near an end, more is asked for: about a screen. */
const ASK_PX = 800;
/** Rows rendered beyond the screen, so that scrolling shows no blank. */
const BUFFER_PX = 400;
/** What stays visible of what was read when the list opens at what is new. */
const ABOVE_NEW_PX = 72;

export function MessageList({ open, title }: MessageListProps) {
  const { chat, words } = usePage();
  const { rows, olderLeft, attached, unread } = open;
  const scroller = useRef<HTMLDivElement>(null);
  const handle = useRef<VirtualizerHandle>(null);
  const follow = useRef<FollowEnd>(undefined);
  const [atEnd, setAtEnd] = useState(true);
  const step = useSteps(rows);

  const askForMore = useCallback(() => {
    const place = handle.current;
    if (place === null || place.viewportSize === 0) return;
    const { olderLeft: isOlderLeft, attached: isAttached } = chat.state.open ?? {};
    if (isOlderLeft && place.scrollOffset < ASK_PX) void chat.older();
    const below = place.scrollSize - place.scrollOffset - place.viewportSize;
    if (isAttached === false && below < ASK_PX) void chat.newer();
  }, [chat]);

  useLayoutEffect(() => {
    const element = scroller.current;
    const content = element?.firstElementChild;
    if (element === null || !content) return undefined;
    const following = new FollowEnd(element, content, setAtEnd);
    follow.current = following;
    const firstNew = chat.state.open?.rows.findIndex((row) => row.kind === "message" && row.isNew) ?? -1;
    if (firstNew > 0) {
      following.letGo();
      handle.current?.scrollToIndex(firstNew, { align: "start", offset: -ABOVE_NEW_PX });
    } else {
      handle.current?.scrollToIndex(Number.MAX_SAFE_INTEGER, { align: "end" });
    }
    return () => following.close();
  }, [chat]);

  useLayoutEffect(() => {
    // The virtual list has just moved the place, but learns of it with the next frame's event (virtua 0.54.2). If a row changes
    // its height before that, as the first one does that is no longer the first of its day, it would start from the old place.
    if (step.shift) scroller.current?.dispatchEvent(new Event("scroll"));
  }, [step]);

  const lastKey = rows.at(-1)?.kind === "outgoing" ? rows.at(-1)?.key : undefined;
  const shownOutgoing = useRef(lastKey);
  useLayoutEffect(() => {
    // Whoever writes wants to see it.
    if (lastKey !== undefined && lastKey !== shownOutgoing.current) follow.current?.follow();
    shownOutgoing.current = lastKey;
  }, [lastKey]);

  useEffect(() => chat.watching(atEnd && attached), [chat, atEnd, attached]);
  useEffect(() => {
    if (step.rows.length >= 0) askForMore();
  }, [step.rows, askForMore]);

  const jump = () => {
    follow.current?.follow();
    void chat.latest();
  };
  const isEmpty = rows.length === 0;
  return (
    <div className="list">
      <div
        className="scroller"
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={words.messages(title)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls by keys
        tabIndex={0}
      >
        <div className="content">
          {isEmpty ? <Empty open={open} title={title} /> : null}
          {isEmpty || olderLeft ? null : <p className="beginning">{words.beginning}</p>}
          <Virtualizer
            ref={handle}
            scrollRef={scroller}
            data={step.rows}
            shift={step.shift}
            bufferSize={BUFFER_PX}
            startMargin={isEmpty || olderLeft ? 0 : BEGINNING_PX}
            onScroll={askForMore}
          >
            {(row) => <RowView key={row.key} row={row} />}
          </Virtualizer>
        </div>
      </div>
      {atEnd && attached ? null : (
        <button
          type="button"
          className={unread > 0 ? "jump some" : "jump"}
          onClick={jump}
          aria-label={unread > 0 ? undefined : words.toLatest}
        >
          <Icon name="down" />
          {unread > 0 ? words.newMessages(unread) : null}
        </button>
      )}
    </div>
  );
}

/** The height of `.beginning`, which the virtual list must know. */
const BEGINNING_PX = 48;

function Empty({ open, title }: MessageListProps) {
  const { words } = usePage();
  const [head, hint] =
    open.kind === "room"
      ? [words.emptyRoom, words.emptyRoomHint]
      : open.kind === "direct"
        ? [words.emptyDirect(title), words.emptyDirectHint]
        : [words.emptyAll, ""];
  return (
    <div className="empty">
      <p className="head">{head}</p>
      <p>{hint}</p>
    </div>
  );
}

/** Shows changes at both ends one after the other. */
function useSteps(rows: OpenState["rows"]): ListStep {
  const [step, setStep] = useState<ListStep>(() => ({ rows, wanted: rows, shift: false }));
  let current = step;
  if (rows !== step.wanted) {
    current = nextStep(step, rows);
    setStep(current);
  }
  useLayoutEffect(() => {
    if (step.rows !== step.wanted) setStep(nextStep(step, step.wanted));
  }, [step]);
  return current;
}
