/**
 * One message as an element. Everything in it was written by somebody: it becomes text, and addresses only if they
 * are http or https.
 */
import type { Message } from "../wire/frames.ts";
import { longMoment, shortMoment } from "../words/moment.ts";
import type { Wording } from "../words/wording.ts";
import { avatar } from "./avatar.ts";
import { element } from "./element.ts";
import { safeUrl } from "./safe-url.ts";

export interface MessageItemOptions {
  readonly words: Wording;
  readonly language: string;
  readonly isOwn: boolean;
}

/** Pictures are shown no larger; the style sheet makes them smaller where there is less room. */
const PICTURE_PX_MAX = 320;

export function messageItem(message: Message, options: MessageItemOptions): HTMLLIElement {
  const { words, language, isOwn } = options;
  const name = message.nickname ?? message.from;
  const from = element("span", "from", name);
  from.dir = "auto";
  const time = element("time", "", shortMoment(message.sentAt, language));
  time.dateTime = new Date(message.sentAt).toISOString();
  const head = element("p", "head", from, time);
  const audience = audienceOf(message, words);
  if (audience !== undefined) head.append(element("span", "badge", audience));
  const bubble = element("div", "bubble", ...content(message, words));
  bubble.title = longMoment(message.sentAt, language);
  const item = element("li", "message", avatar(name), element("div", "body", head, bubble));
  item.classList.toggle("own", isOwn);
  return item;
}

function audienceOf({ channel }: Message, words: Wording): string | undefined {
  if (channel.startsWith("inbox:")) return words.privately;
  return channel === "all" ? words.toEveryone : undefined;
}

function content(message: Message, words: Wording): HTMLElement[] {
  const url = safeUrl(message.url, document.baseURI);
  const caption = message.msg === "" ? [] : [paragraph(message.msg)];
  if (url === undefined) return caption;
  if (message.type === "img") return [picture(url, message, words), ...caption];
  return [link(url, message.name ?? words.file), ...caption];
}

function paragraph(text: string): HTMLElement {
  const made = element("p", "", text);
  made.dir = "auto";
  return made;
}

function picture(url: string, { from, size }: Message, words: Wording): HTMLElement {
  const image = element("img", "picture");
  image.alt = words.image(from);
  image.loading = "lazy";
  image.referrerPolicy = "no-referrer";
  if (size !== undefined && size.width > 0 && size.height > 0) {
    const scale = Math.min(1, PICTURE_PX_MAX / Math.max(size.width, size.height));
    image.width = Math.max(1, Math.round(size.width * scale));
    image.height = Math.max(1, Math.round(size.height * scale));
    // What was said of its shape holds, also when the picture turns out otherwise: nothing moves.
    image.style.aspectRatio = `${image.width} / ${image.height}`;
  }
  image.src = url;
  return image;
}

function link(url: string, text: string): HTMLElement {
  const anchor = element("a", "", text);
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
}
