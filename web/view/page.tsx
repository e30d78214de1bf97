/**
 * The page: three columns, of which a phone shows one at a time, the dialogs above them, and the title of the tab.
 */
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Chat } from "../chat/chat.ts";
import type { Identity } from "../chat/identity.ts";
import { Moments } from "../words/moment.ts";
import { otherLanguage, wordingFor } from "../words/wording.ts";
import { ConnectionBanner } from "./connection-banner.tsx";
import { PageContext, titleOf, useChat, usePage } from "./context.ts";
import { ConversationView } from "./conversation-view.tsx";
import { Finder } from "./finder.tsx";
import { LiveRegion } from "./live-region.tsx";
import { NameDialog } from "./name-dialog.tsx";
import { PeoplePanel } from "./people-panel.tsx";
import { Sidebar } from "./sidebar.tsx";

export interface PageProps {
  readonly chat: Chat;
  readonly identity: Identity;
  readonly guest: boolean;
  /** A BCP 47 tag. */
  readonly firstLanguage: string;
}

export function Page({ chat, identity, guest, firstLanguage }: PageProps) {
  const [language, setLanguage] = useState(firstLanguage);
  const value = useMemo(() => {
    const words = wordingFor(language);
    return { chat, words, moments: new Moments(language, words) };
  }, [chat, language]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const rename = useCallback(
    (name: string) => {
      identity.name = name;
      chat.logIn(name);
    },
    [chat, identity],
  );
  return (
    <PageContext value={value}>
      <Columns
        guest={guest}
        rename={rename}
        changeLanguage={() => setLanguage((current) => otherLanguage(localStorage, current))}
      />
    </PageContext>
  );
}

type Pane = "list" | "chat" | "people";

interface ColumnsProps {
  readonly guest: boolean;
  readonly rename: (name: string) => void;
  readonly changeLanguage: () => void;
}

function Columns({ guest, rename, changeLanguage }: ColumnsProps) {
  const { chat, words } = usePage();
  const [pane, setPane] = useState<Pane>("chat");
  const [showsPeople, setShowsPeople] = useState(true);
  const [finding, setFinding] = useState(false);
  const [naming, setNaming] = useState(false);
  const nameRefused = useChat((state) => state.nameRefused);
  useTitle();
  useFinderKey(setFinding);

  const open = useCallback(
    (id: string) => {
      chat.open(id);
      setPane("chat");
      setFinding(false);
    },
    [chat],
  );
  const togglePeople = useCallback(() => {
    setPane((current) => (current === "people" ? "chat" : "people"));
    setShowsPeople((current) => !current);
  }, []);
  return (
    <main className="app" data-pane={pane} data-people={showsPeople ? "shown" : "hidden"}>
      <h1 className="unseen">{words.appName}</h1>
      <Sidebar
        guest={guest}
        open={open}
        find={useCallback(() => setFinding(true), [])}
        changeName={useCallback(() => setNaming(true), [])}
        changeLanguage={changeLanguage}
      />
      <section className="conversation">
        <ConnectionBanner />
        <ConversationView goBack={useCallback(() => setPane("list"), [])} togglePeople={togglePeople} />
      </section>
      <PeoplePanel open={open} hide={togglePeople} />
      {finding ? <Finder open={open} close={() => setFinding(false)} /> : null}
      {naming || nameRefused ? (
        <NameDialog rename={rename} isRefused={nameRefused} close={() => setNaming(false)} />
      ) : null}
      <LiveRegion />
    </main>
  );
}

/** How much is unread, and where one is. */
function useTitle(): void {
  const { words } = usePage();
  const unread = useChat((state) => state.unreadTotal);
  const open = useChat((state) => state.open);
  const title = open === undefined ? words.appName : `${titleOf(words, open)} · ${words.appName}`;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread > 99 ? "99+" : unread}) ${title}` : title;
  }, [title, unread]);
}

function useFinderKey(setFinding: (finding: boolean) => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      event.preventDefault();
      setFinding(true);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [setFinding]);
}
