/**
 * Says how the connection is when it is not as it should be, and that it is back when it was away.
 */
import { useEffect, useState } from "react";
import { useChat, usePage } from "./context.ts";

const SECOND_MS = 1_000;
/** The good news goes away by itself. */
const BACK_SHOWN_MS = 3_000;
/** A first connection that takes less is not worth a word. */
const CONNECTING_SHOWN_AFTER_MS = 800;

export function ConnectionBanner() {
  const { chat, words } = usePage();
  const connection = useChat((state) => state.connection);
  const lost = useChat((state) => state.lost);
  const me = useChat((state) => state.me);
  const [wasLost, setWasLost] = useState(false);
  const [isSlow, setIsSlow] = useState(false);
  const { kind } = connection;

  useEffect(() => {
    if (lost) setWasLost(true);
    if (lost || !wasLost) return undefined;
    const timer = setTimeout(() => setWasLost(false), BACK_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [lost, wasLost]);
  useEffect(() => {
    setIsSlow(false);
    if (kind !== "connecting") return undefined;
    const timer = setTimeout(() => setIsSlow(true), CONNECTING_SHOWN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [kind]);

  let text = "";
  if (kind === "draining") text = words.draining;
  else if (kind === "refused") text = connection.reason === "kicked" ? words.kicked : words.refused;
  else if (lost) text = words.lost;
  else if (kind === "connecting" && isSlow) text = words.connecting;
  else if (kind === "online" && wasLost) text = words.backAgain;
  return (
    <div className={text === "" ? "banner" : "banner shown"} data-state={kind}>
      {/* Read aloud whenever it changes; the seconds stand beside it. */}
      <p role="status">{text}</p>
      {connection.kind === "offline" ? <Countdown until={connection.retryAt} /> : null}
      {kind === "offline" ? (
        <button type="button" onClick={() => chat.wake()}>
          {words.retry}
        </button>
      ) : null}
      {kind === "refused" ? (
        <button type="button" onClick={() => chat.logIn(me)}>
          {words.signIn}
        </button>
      ) : null}
    </div>
  );
}

function Countdown({ until }: { readonly until: number }) {
  const { words } = usePage();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  return <p className="countdown">{words.retryIn(Math.max(0, Math.ceil((until - now) / SECOND_MS)))}</p>;
}
