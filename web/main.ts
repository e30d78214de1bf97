/**
 * The chat page: joins the parts. A name logs in, the platform's room is shown, and what others write appears. It
 * decides nothing else.
 */
import { ChatSession } from "./chat/chat-session.ts";
import { Conversation } from "./chat/conversation.ts";
import { loadName, saveName } from "./chat/identity.ts";
import { Outbox } from "./chat/outbox.ts";
import { platformOf, roomOf, webSocketAddress } from "./chat/page-address.ts";
import { Roster } from "./chat/roster.ts";
import { readPeople, readSettings, type Settings } from "./chat/server-api.ts";
import { createView } from "./view/page-view.ts";
import { backoffMs } from "./wire/backoff.ts";
import { historyPage, type JoinedChannel, type Message, type Push } from "./wire/frames.ts";
import { pageLanguage, wordingFor } from "./words/wording.ts";

/** The server's answer to a name that can't be used. */
const ILLEGAL_USER_ID = 1002;

const language = pageLanguage(navigator.language);
const words = wordingFor(language);
const appPlatform = platformOf(location.search);
const room = roomOf(appPlatform);
let name = loadName(language);

const view = createView(words, language, {
  isOwn: (message) => message.from === name && message.appPlatform === appPlatform,
  send: (text) => outbox.send(text),
  sendAgain: (seq) => outbox.retry(seq),
  retry: () => session?.retry(),
  rename: (wanted) => logIn(wanted),
});

const conversation = new Conversation({
  history: async (channel, range) => historyPage(await request("history", { channel, ...range })),
  show: showMessage,
  showGap: () => view.messages.addGap(words.gap),
});

const outbox = new Outbox({
  transmit: (seq, msg) => request("send", { channel: room, msg }, seq),
  isAway: () => session?.state.kind !== "online",
  onChange: (outgoing) => view.outgoing.show(outgoing),
});

const roster = new Roster({
  read: () => readPeople(appPlatform),
  onChange: (people) => view.people.show(people, name),
});

let session: ChatSession | undefined;

view.title(words.room(appPlatform));
view.name.show(name);
void start();

async function start(): Promise<void> {
  const settings = await settingsAtLast();
  view.guest(settings.guest);
  session = new ChatSession(
    { url: webSocketAddress(settings.webSocketUrl, location.href), appPlatform },
    {
      positions: () => conversation.positions,
      onState: (state) => {
        view.connection.show(state);
        view.composer.setEnabled(state.kind === "online");
        if (state.kind === "refused" && state.code === ILLEGAL_USER_ID) view.name.ask(words.nameFault);
      },
      onLogin: (channels) => void loggedIn(channels),
      onPush: take,
    },
  );
  window.addEventListener("online", () => session?.wake());
  document.addEventListener("visibilitychange", () => document.hidden || session?.wake());
  logIn(name);
}

/** The page may be open before the server is up. */
async function settingsAtLast(): Promise<Settings> {
  for (let failures = 0; ; failures++) {
    try {
      return await readSettings();
    } catch {
      view.connection.showAway();
      await new Promise((resolve) => window.setTimeout(resolve, backoffMs(failures, Math.random())));
    }
  }
}

function logIn(wanted: string): void {
  if (wanted !== name) {
    name = wanted;
    saveName(name);
    view.name.show(name);
    view.messages.clear();
    conversation.reset();
    outbox.holdAll();
  }
  view.busy(true);
  session?.start(name);
}

async function loggedIn(channels: readonly JoinedChannel[]): Promise<void> {
  outbox.resend();
  roster.refresh();
  await conversation.joined(channels);
  view.busy(false);
}

function take(push: Push): void {
  switch (push.kind) {
    case "msg":
      conversation.take(push.message);
      return;
    case "enter":
      if (push.channel !== room) return;
      roster.entered(push.from);
      if (push.from !== name) view.messages.addNotice(words.entered(push.from));
      return;
    case "exit":
      if (push.channel !== room) return;
      roster.left(push.from);
      if (push.from !== name) view.messages.addNotice(words.left(push.from));
      return;
    case "members":
      if (push.channel === room) roster.counted(push.count);
      return;
    case "notice":
      if (push.notice === "history_lost") conversation.historyLost(push.channel);
  }
}

function showMessage(message: Message): void {
  view.messages.add(message);
  if (message.from === name) outbox.confirm(message.seq);
}

function request(action: string, data: object, seq?: string): Promise<unknown> {
  return session?.request(action, data, seq) ?? Promise.reject(new Error("Not started"));
}
