/**
 * The box to write in. Enter sends, Shift+Enter breaks the line, and while an input method is composing Enter is its own. What
 * was begun in one conversation is there again when one comes back to it.
 */
import {
  type ClipboardEvent,
  type KeyboardEvent,
  memo,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { usePage } from "./context.ts";
import { EmojiPicker } from "./emoji-picker.tsx";
import { Icon } from "./icon.tsx";
import { ImagePanel } from "./image-panel.tsx";

export interface ComposerProps {
  /** Of the conversation. */
  readonly id: string;
  readonly title: string;
}

/** Characters; four bytes each still fit into a frame. */
const TEXT_MAX = 10_000;
/** Safari says of the Enter that ends a composition that it is not composing, but gives it this code. */
const COMPOSING_KEY_CODE = 229;
/** Begun texts that are kept. */
const BEGUN_MAX = 50;

export const Composer = memo(function Composer({ id, title }: ComposerProps) {
  const { chat, words } = usePage();
  const box = useRef<HTMLTextAreaElement>(null);
  const begun = useRef(new Map<string, string>());
  const [text, setText] = useState("");
  const [panel, setPanel] = useState<"emoji" | "image">();
  const [pasted, setPasted] = useState<File>();
  const [isFull, setIsFull] = useState(false);

  useLayoutEffect(() => {
    const texts = begun.current;
    setText(texts.get(id) ?? "");
    setPanel(undefined);
    setIsFull(false);
    // With a mouse and keys one writes at once; on a phone the keyboard would cover half the page.
    if (window.matchMedia("(hover: hover)").matches) box.current?.focus({ preventScroll: true });
    return () => {
      const left = box.current?.value ?? "";
      texts.delete(id);
      if (left !== "") texts.set(id, left);
      for (const key of texts.keys()) if (texts.size > BEGUN_MAX) texts.delete(key);
    };
  }, [id]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || CSS.supports("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = text === "" ? "" : `${element.scrollHeight}px`;
  }, [text]);
  useEffect(() => {
    if (panel !== "image") setPasted(undefined);
  }, [panel]);

  const send = () => {
    if (text.trim() === "") return;
    const isTaken = chat.send({ msg: text.trim() });
    setIsFull(!isTaken);
    if (isTaken) setText("");
    box.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    if (event.nativeEvent.isComposing || event.keyCode === COMPOSING_KEY_CODE) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file === undefined || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    setPasted(file);
    setPanel("image");
  };
  const insert = (emoji: string) => {
    const element = box.current;
    const [start, end] = [element?.selectionStart ?? text.length, element?.selectionEnd ?? text.length];
    const longer = text.slice(0, start) + emoji + text.slice(end);
    if (longer.length > TEXT_MAX) return;
    setText(longer);
    requestAnimationFrame(() => element?.setSelectionRange(start + emoji.length, start + emoji.length));
  };
  const closePanel = () => {
    setPanel(undefined);
    box.current?.focus({ preventScroll: true });
  };
  const toggle = (name: "emoji" | "image") => setPanel((current) => (current === name ? undefined : name));
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {panel === "emoji" ? <EmojiPicker choose={insert} close={closePanel} /> : null}
      {panel === "image" ? <ImagePanel pasted={pasted} close={closePanel} /> : null}
      {isFull ? <p role="alert">{words.tooMany}</p> : null}
      <div className="box">
        <PanelButton
          name="image"
          label={words.addImage}
          isOpen={panel === "image"}
          toggle={() => toggle("image")}
        />
        <textarea
          ref={box}
          rows={1}
          maxLength={TEXT_MAX}
          value={text}
          placeholder={words.writeTo(title)}
          aria-label={words.writeTo(title)}
          autoComplete="off"
          enterKeyHint="send"
          onChange={(event) => {
            setText(event.target.value);
            if (event.target.value !== "") chat.typing();
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <PanelButton
          name="smile"
          label={words.emoji}
          isOpen={panel === "emoji"}
          toggle={() => toggle("emoji")}
        />
        <button
          type="submit"
          className="round send"
          disabled={text.trim() === ""}
          aria-label={words.send}
          title={words.send}
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
});

interface PanelButtonProps {
  readonly name: "image" | "smile";
  readonly label: string;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}

function PanelButton({ name, label, isOpen, toggle }: PanelButtonProps) {
  return (
    <button
      type="button"
      className="round"
      aria-expanded={isOpen}
      aria-label={label}
      title={label}
      onClick={toggle}
    >
      <Icon name={name} />
    </button>
  );
}
