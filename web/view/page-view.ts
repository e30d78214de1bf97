/**
 * The page's views, tied to the elements of index.html.
 */
import type { Message } from "../wire/frames.ts";
import type { Wording } from "../words/wording.ts";
import { Composer } from "./composer.ts";
import { ConnectionBanner } from "./connection-banner.ts";
import { element, find } from "./element.ts";
import { FollowEnd } from "./follow-end.ts";
import { messageItem } from "./message-item.ts";
import { MessageList } from "./message-list.ts";
import { NameDialog } from "./name-dialog.ts";
import { OutgoingList } from "./outgoing-list.ts";
import { PeopleList } from "./people-list.ts";

export interface ViewEvents {
  isOwn(message: Message): boolean;
  /** @returns false if the text could not be taken. */
  send(text: string): boolean;
  sendAgain(seq: string): void;
  retry(): void;
  rename(name: string): void;
}

export type PageView = ReturnType<typeof createView>;

export function createView(words: Wording, language: string, events: ViewEvents) {
  document.documentElement.lang = language;
  const scroller = find("scroller", HTMLElement);
  const list = find("messages", HTMLOListElement);
  const guest = find("guest", HTMLElement);
  scroller.setAttribute("aria-label", words.messages);
  scroller.tabIndex = 0; // It scrolls: keys must reach it.
  guest.append(words.guest, element("span", "hint", words.guestHint));
  guest.title = words.guestHint;
  const { end, announceNew } = followEnd(scroller, words);
  return {
    messages: new MessageList(list, (message) => {
      announceNew();
      return messageItem(message, { words, language, isOwn: events.isOwn(message) });
    }),
    outgoing: new OutgoingList(find("outgoing", HTMLOListElement), words, (seq) => events.sendAgain(seq)),
    composer: composer(words, (text) => {
      const taken = events.send(text);
      if (taken) end.follow();
      return taken;
    }),
    people: peopleList(words, language),
    connection: connectionBanner(words, () => events.retry()),
    name: nameDialog(words, (name) => events.rename(name)),

    title(text: string): void {
      document.title = `${text} · prim`;
      find("room", HTMLElement).textContent = text;
    },

    /** Shows or hides that anyone may log in. */
    guest(isGuest: boolean): void {
      guest.hidden = !isGuest;
    },

    /** While history is being filled in, a screen reader keeps quiet. */
    busy(isBusy: boolean): void {
      scroller.setAttribute("aria-busy", String(isBusy));
      if (!isBusy) list.dataset["empty"] = words.nobodyYet;
    },
  };
}

function followEnd(scroller: HTMLElement, words: Wording) {
  const jump = find("jump", HTMLButtonElement);
  const end = new FollowEnd(scroller, find("content", HTMLElement), (atEnd) => {
    jump.hidden = atEnd;
    jump.textContent = words.toLatest;
  });
  jump.onclick = () => end.follow();
  const announceNew = () => {
    if (!end.atEnd) jump.textContent = words.newMessages;
  };
  return { end, announceNew };
}

function composer(words: Wording, send: (text: string) => boolean): Composer {
  return new Composer(
    {
      form: find("composer", HTMLFormElement),
      label: find("text-label", HTMLElement),
      text: find("text", HTMLTextAreaElement),
      button: find("send", HTMLButtonElement),
    },
    words,
    send,
  );
}

function peopleList(words: Wording, language: string): PeopleList {
  return new PeopleList(
    {
      list: find("people-list", HTMLUListElement),
      title: find("people-title", HTMLElement),
      more: find("people-more", HTMLElement),
      toggle: find("people-toggle", HTMLButtonElement),
      toggleCount: find("people-toggle-count", HTMLElement),
      panel: find("people", HTMLElement),
    },
    words,
    language,
  );
}

function connectionBanner(words: Wording, retry: () => void): ConnectionBanner {
  return new ConnectionBanner(
    {
      banner: find("banner", HTMLElement),
      text: find("banner-text", HTMLElement),
      countdown: find("banner-countdown", HTMLElement),
      retry: find("banner-retry", HTMLButtonElement),
      state: find("state", HTMLElement),
    },
    words,
    retry,
  );
}

function nameDialog(words: Wording, choose: (name: string) => void): NameDialog {
  return new NameDialog(
    {
      button: find("me", HTMLButtonElement),
      dialog: find("name-dialog", HTMLDialogElement),
      form: find("name-form", HTMLFormElement),
      label: find("name-label", HTMLElement),
      input: find("name", HTMLInputElement),
      hint: find("name-hint", HTMLElement),
      fault: find("name-fault", HTMLElement),
      cancel: find("name-cancel", HTMLButtonElement),
      save: find("name-save", HTMLButtonElement),
    },
    words,
    choose,
  );
}
