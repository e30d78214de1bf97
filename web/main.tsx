/**
 * The chat page: finds out who the user is and where the server's WebSocket is, makes the chat, and shows it. It decides
 * nothing else.
 */
import { createRoot } from "react-dom/client";
import { PrimClient } from "../src/client/index.ts";
import { Chat } from "./chat/chat.ts";
import { roomId } from "./chat/conversation.ts";
import { Identity } from "./chat/identity.ts";
import { platformOf, webSocketAddress } from "./chat/page-address.ts";
import { SavedChats } from "./chat/saved-chats.ts";
import { type Settings, serverApi } from "./chat/server-api.ts";
import { Page } from "./view/page.tsx";
import { Starting } from "./view/starting.tsx";
import { friendlyName } from "./words/friendly-name.ts";
import { pageLanguage } from "./words/wording.ts";

const OFFERED = ["101", "102", "103", "104"].map(roomId);
/** Between two attempts to reach a server that is not up yet. */
const SETTINGS_AGAIN_MS = 1_000;

void start();

async function start(): Promise<void> {
  const element = document.getElementById("root");
  if (element === null) throw new Error('No such element: "root"');
  const root = createRoot(element);
  const language = pageLanguage(localStorage, navigator.language);
  root.render(<Starting language={language} />);
  const [settings, identity] = await Promise.all([
    settingsAtLast(),
    Identity.open({
      session: sessionStorage,
      local: localStorage,
      openLine: () => new BroadcastChannel("prim"),
      invent: () => friendlyName(language),
    }),
  ]);
  const chat = new Chat({
    client: new PrimClient({
      url: webSocketAddress(settings.webSocketUrl, location.href),
      httpUrl: location.origin,
    }),
    server: serverApi,
    saved: new SavedChats(localStorage),
    appPlatform: platformOf(location.search),
    offered: OFFERED,
    now: Date.now,
    isShown: () => !document.hidden,
    hasFocus: () => document.hasFocus(),
  });
  window.addEventListener("online", () => chat.wake());
  window.addEventListener("focus", () => chat.wake());
  document.addEventListener("visibilitychange", () => document.hidden || chat.wake());
  window.addEventListener("pagehide", () => chat.save());
  chat.logIn(identity.name);
  root.render(<Page chat={chat} identity={identity} guest={settings.guest} firstLanguage={language} />);
}

/** The page may be open before the server is up. */
async function settingsAtLast(): Promise<Settings> {
  for (;;) {
    try {
      return await serverApi.settings();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, SETTINGS_AGAIN_MS));
    }
  }
}
