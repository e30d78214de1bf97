/**
 * The left column: the conversations, latest first, rooms one could join, and who one is.
 */
import { memo } from "react";
import { Avatar } from "./avatar.tsx";
import { useChat, usePage } from "./context.ts";
import { ConversationItem } from "./conversation-item.tsx";
import { Icon } from "./icon.tsx";

export interface SidebarProps {
  readonly guest: boolean;
  readonly open: (id: string) => void;
  readonly find: () => void;
  readonly changeName: () => void;
  readonly changeLanguage: () => void;
}

export const Sidebar = memo(function Sidebar({
  guest,
  open,
  find,
  changeName,
  changeLanguage,
}: SidebarProps) {
  const { words } = usePage();
  const conversations = useChat((state) => state.conversations);
  const openId = useChat((state) => state.open?.id);
  const me = useChat((state) => state.me);
  const [joined, offered] = [true, false].map((wanted) =>
    conversations.filter((one) => one.joined === wanted),
  );
  const item = (one: (typeof conversations)[number]) => (
    <ConversationItem key={one.id} summary={one} isOpen={one.id === openId} me={me} open={open} />
  );
  return (
    <nav className="sidebar" aria-label={words.conversations}>
      <header className="bar">
        <button type="button" className="finder-button" onClick={find} aria-keyshortcuts="Control+K Meta+K">
          <Icon name="search" />
          <span>{words.find}</span>
          <span className="keys" aria-hidden="true">
            Ctrl K
          </span>
        </button>
      </header>
      <div className="conversations">
        <ul>{joined?.map(item)}</ul>
        {offered?.length ? (
          <>
            <h2>{words.moreRooms}</h2>
            <ul>{offered.map(item)}</ul>
          </>
        ) : null}
      </div>
      <footer className="me">
        <button type="button" className="me-name" onClick={changeName} title={words.changeName}>
          <Avatar name={me} />
          <span className="texts">
            <span className="name" dir="auto">
              {me}
            </span>
            <Connection guest={guest} />
            <span className="unseen">{words.changeName}</span>
          </span>
        </button>
        <button
          type="button"
          className="quiet"
          onClick={changeLanguage}
          lang={words.language === "English" ? "en" : "zh-CN"}
          title={words.languageHint}
          aria-label={words.languageHint}
        >
          {words.language}
        </button>
      </footer>
    </nav>
  );
});

/** How the connection is, in a word; and that anyone may be anyone. */
function Connection({ guest }: { readonly guest: boolean }) {
  const { words } = usePage();
  const kind = useChat((state) => state.connection.kind);
  const text =
    kind === "online" || kind === "draining"
      ? words.online
      : kind === "connecting"
        ? words.connecting
        : words.offlineShort;
  return (
    <span className="state" data-state={kind}>
      <span className="state-dot" />
      {text}
      {guest ? (
        <span className="guest" title={words.guestHint}>
          {" · "}
          {words.guest}
        </span>
      ) : null}
    </span>
  );
}
