/**
 * An image by its address: it is looked at before it is sent, so that readers can keep its room free. A pasted one is
 * shown where it would go: there is no uploading yet.
 */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { usePage } from "./context.ts";
import { fitted } from "./picture.tsx";
import { safeUrl } from "./safe-url.ts";
import { useDismiss } from "./use-dismiss.ts";

export interface ImagePanelProps {
  readonly pasted: File | undefined;
  readonly close: () => void;
}

/** What the server takes. */
const ADDRESS_BYTES_MAX = 2_048;
const SIDE_PX_MAX = 65_535;
const LOOK_MS_MAX = 15_000;

export function ImagePanel({ pasted, close }: ImagePanelProps) {
  const { chat, words } = usePage();
  const panel = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [address, setAddress] = useState("");
  const [state, setState] = useState<"idle" | "looking" | "fault">("idle");
  const preview = usePreview(pasted);
  useDismiss(panel, close);
  useEffect(() => input.current?.focus(), []);

  const send = async (event: FormEvent | undefined) => {
    event?.preventDefault();
    const url = safeUrl(address.trim(), document.baseURI);
    setState("looking");
    const size = url === undefined || url.length > ADDRESS_BYTES_MAX ? undefined : await sizeOf(url);
    if (url === undefined || size === undefined) {
      setState("fault");
      input.current?.focus();
      return;
    }
    chat.send({ type: "img", url, size });
    close();
  };
  return (
    <div className="panel image-panel" ref={panel} role="dialog" aria-label={words.addImage}>
      {preview === undefined ? null : (
        <div className="pasted">
          <img src={preview} alt={words.pastedAlt} />
          <p role="status">{words.pasted}</p>
        </div>
      )}
      <label htmlFor="image-address">{words.imageAddress}</label>
      <div className="line">
        <input
          id="image-address"
          ref={input}
          type="url"
          inputMode="url"
          autoComplete="off"
          placeholder="https://"
          value={address}
          aria-describedby="image-hint"
          aria-invalid={state === "fault"}
          onChange={(event) => {
            setAddress(event.target.value);
            setState("idle");
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.nativeEvent.isComposing) void send(event);
          }}
        />
        <button
          type="button"
          className="main"
          disabled={address.trim() === "" || state === "looking"}
          onClick={() => void send(undefined)}
        >
          {words.imageSend}
        </button>
      </div>
      <p
        id="image-hint"
        className={state === "fault" ? "hint fault" : "hint"}
        role={state === "fault" ? "alert" : undefined}
      >
        {state === "fault" ? words.imageFault : state === "looking" ? words.imageChecking : words.imageHint}
      </p>
    </div>
  );
}

/** Width and height in pixels; undefined if there is no image. */
async function sizeOf(url: string): Promise<{ width: number; height: number } | undefined> {
  const image = new Image();
  image.referrerPolicy = "no-referrer";
  const loaded = new Promise<boolean>((resolve) => {
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    setTimeout(() => resolve(false), LOOK_MS_MAX);
  });
  image.src = url;
  if (!(await loaded)) return undefined;
  // A drawing may have no size of its own.
  const { width, height } =
    image.naturalWidth > 0 ? { width: image.naturalWidth, height: image.naturalHeight } : fitted(undefined);
  return { width: Math.min(width, SIDE_PX_MAX), height: Math.min(height, SIDE_PX_MAX) };
}

/** An address of the pasted file, for as long as it is shown. */
function usePreview(file: File | undefined): string | undefined {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (file === undefined) return undefined;
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => {
      setAddress(undefined);
      URL.revokeObjectURL(made);
    };
  }, [file]);
  return address;
}
