/**
 * A small choice of emoji. Arrows move, Escape closes; screen readers know their names by themselves.
 */
import { type KeyboardEvent, useEffect, useRef } from "react";
import { usePage } from "./context.ts";
import { useDismiss } from "./use-dismiss.ts";

export interface EmojiPickerProps {
  readonly choose: (emoji: string) => void;
  readonly close: () => void;
}

const COLUMNS = 9;

const GROUPS = {
  people:
    "😀 😄 😁 😅 😂 🤣 😊 😇 🙂 🙃 😉 😍 🥰 😘 😋 😜 🤪 🤗 🤔 🤨 😐 😏 🙄 😬 😴 😷 🤒 🥳 😎 🤓 😕 😟 😮 🥺 😢 😭 😤 😠 🤯 😱 🤝 👍 👎 👏 🙌 🙏 💪 👋 🤞 ✌️ 👌 👀 🧠 💁",
  nature: "🐶 🐱 🐼 🦊 🐻 🐸 🐵 🦉 🐢 🐙 🦄 🐝 🌸 🌻 🌳 🍀 🌈 ☀️ ⛅ 🌧️ ❄️ 🔥 🌙 ⭐ 🌍 🌊 ⛰️",
  things: "☕ 🍵 🍎 🍉 🍜 🍕 🍰 🍺 🎉 🎁 🎂 🎵 ⚽ 🏆 🎮 🚀 🚲 🚗 ✈️ 🏠 💡 💻 📱 📷 📚 ✏️ 📎",
  signs: "❤️ 🧡 💛 💚 💙 💜 🖤 💔 💯 ✅ ❌ ❗ ❓ ⚠️ ⏰ 💬 💤 ➕",
} as const;

export function EmojiPicker({ choose, close }: EmojiPickerProps) {
  const { words } = usePage();
  const panel = useRef<HTMLDivElement>(null);
  useDismiss(panel, close);
  useEffect(() => panel.current?.querySelector("button")?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const buttons = [...(panel.current?.querySelectorAll("button") ?? [])];
    buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + move]?.focus();
  };
  return (
    <div
      className="panel emoji-panel"
      ref={panel}
      role="dialog"
      aria-label={words.emoji}
      onKeyDown={onKeyDown}
    >
      {Object.entries(GROUPS).map(([name, emoji]) => (
        <section key={name} aria-label={words.emojiGroup[name as keyof typeof GROUPS]}>
          <h2>{words.emojiGroup[name as keyof typeof GROUPS]}</h2>
          <div className="emoji-grid">
            {emoji.split(" ").map((one) => (
              <button type="button" key={one} onClick={() => choose(one)}>
                {one}
              </button>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
