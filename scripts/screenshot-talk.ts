/**
 * What people say in the pictures of the page.
 */
import type { Draft } from "../src/client/index.ts";

export interface Script {
  readonly viewer: string;
  /** Whose room is open. */
  readonly platform: number;
  readonly people: readonly string[];
  /** Rooms besides it. */
  readonly rooms: readonly string[];
  /** In this order; the viewer speaks in the open room. */
  readonly said: readonly (readonly [name: string, draft: Draft])[];
  /** Who is writing when the picture is taken. */
  readonly typing: string;
}

/** A picture that is answered in the place of the one at this address. */
export const PICTURE_ADDRESS = "https://harbour.example/morning.svg";
export const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 405">
  <defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#5d7bd5"/><stop offset=".65" stop-color="#f6b98a"/><stop offset="1" stop-color="#fbe3b6"/></linearGradient></defs>
  <rect width="720" height="405" fill="url(#sky)"/><circle cx="520" cy="215" r="42" fill="#fff3d1"/>
  <path d="M0 260 120 175l90 62 110-112 140 125 120-78 140 88v145H0z" fill="#56608f" opacity=".75"/>
  <path d="M0 285h720v120H0z" fill="#3d5a92"/><path d="M470 300h100M490 320h60M455 342h130" stroke="#ffe9bd" stroke-width="4" opacity=".7"/>
  <path d="M170 322h120l-22 26h-76z" fill="#2a2f45"/><path d="M226 322V226l52 84z" fill="#fdfaf2"/><path d="M220 322v-80l-40 70z" fill="#eadfc8"/>
</svg>`;

const room = (channel: string) => (msg: string) => ({ channel, msg });
const [web, design, travel, android, tea] = [
  room("room:101"),
  room("room:design"),
  room("room:weekend"),
  room("room:102"),
  room("room:tea"),
];

export const ENGLISH: Script = {
  viewer: "Anna Berg",
  platform: 101,
  people: ["Tom Okafor", "Maya Lin", "Sofia Reyes", "Jonas"],
  rooms: ["room:design", "room:weekend"],
  typing: "Sofia Reyes",
  said: [
    ["Maya Lin", design("The new icons are in, have a look")],
    ["Jonas", travel("Train or car on Saturday?")],
    ["Tom Okafor", { userId: "Anna Berg", msg: "Are you free for a call at four?" }],
    ["Tom Okafor", web("Morning! The release is out since eight, no alarms so far 🎉")],
    ["Maya Lin", web("Nice. I pulled the plug of the server twice while the test was running.")],
    ["Maya Lin", web("Every message was there afterwards. Once.")],
    ["Anna Berg", web("That is what I like to hear.")],
    ["Anna Berg", web("Notes for everybody: https://docs.example.org/release/notes")],
    ["Tom Okafor", web("👏")],
    [
      "Sofia Reyes",
      {
        channel: "room:101",
        type: "img",
        url: PICTURE_ADDRESS,
        size: { width: 720, height: 405 },
        msg: "My way to work this morning",
      },
    ],
    ["Anna Berg", web("Now I want to work from the harbour, too")],
    ["Maya Lin", design("And the dark ones as well")],
    ["Sofia Reyes", { userId: "Anna Berg", msg: "Coffee later? ☕" }],
    ["Sofia Reyes", { userId: "Anna Berg", msg: "I am in until six" }],
  ],
};

export const CHINESE: Script = {
  viewer: "林晓",
  platform: 102,
  people: ["马超", "周敏", "Tom Okafor"],
  rooms: ["room:tea"],
  typing: "周敏",
  said: [
    ["周敏", tea("下午三点喝茶吗？")],
    ["马超", android("早上好！新版本已经上线，目前一切正常 🎉")],
    ["周敏", android("太好了。测试的时候我两次直接断电。")],
    ["周敏", android("重启之后消息一条不少，也一条不重。")],
    ["林晓", android("这正是我想听到的。")],
    ["林晓", android("发布说明在这里：https://docs.example.org/release/notes")],
    ["马超", android("👏")],
    [
      "周敏",
      {
        channel: "room:102",
        type: "img",
        url: PICTURE_ADDRESS,
        size: { width: 720, height: 405 },
        msg: "今天早上上班的路",
      },
    ],
    ["林晓", android("我也想在海边上班了")],
    ["马超", { userId: "林晓", msg: "四点有空开个会吗？" }],
    ["Tom Okafor", { userId: "林晓", msg: "Thanks for the quick fix!" }],
  ],
};
