/**
 * Says aloud, to those who hear the page, what others write in the open conversation. When much comes at once, the newest.
 */
import { useEffect, useRef, useState } from "react";
import { useChat, usePage } from "./context.ts";

/** Between two announcements: about what it takes to hear one. */
const QUIET_MS = 1_000;
const CHARACTERS_MAX = 300;

export function LiveRegion() {
  const { words } = usePage();
  const announcement = useChat((state) => state.announcement);
  const [said, setSaid] = useState(announcement);
  const newest = useRef(announcement);
  newest.current = announcement;
  useEffect(() => {
    const timer = setInterval(() => setSaid(newest.current), QUIET_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="unseen" role="status" aria-live="polite" data-role="announcer">
      {said === undefined ? "" : words.announced(said.from, said.text.slice(0, CHARACTERS_MAX))}
    </p>
  );
}
