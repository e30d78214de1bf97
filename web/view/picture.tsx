/**
 * A picture by its address, with its room kept free before it is there, so that nothing moves when it comes.
 */
import { useState } from "react";
import { usePage } from "./context.ts";

export interface PictureProps {
  /** Checked by safeUrl(). */
  readonly url: string;
  /** Pixels, as the sender said. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly alt: string;
}

const WIDTH_PX_MAX = 360;
const HEIGHT_PX_MAX = 320;
const SIZE_UNKNOWN = { width: 320, height: 200 };

export function Picture({ url, size, alt }: PictureProps) {
  const { words } = usePage();
  const [isBroken, setIsBroken] = useState(false);
  const { width, height } = fitted(size);
  return (
    <a
      className={isBroken ? "picture broken" : "picture"}
      href={url}
      target="_blank"
      rel="noopener noreferrer nofollow"
      style={{ width, aspectRatio: `${width} / ${height}` }}
    >
      {isBroken ? (
        words.imageFailed
      ) : (
        <img
          src={url}
          alt={alt}
          width={width}
          height={height}
          loading="lazy"
          decoding="async"
          referrerPolicy="no-referrer"
          onError={() => setIsBroken(true)}
        />
      )}
    </a>
  );
}

/** As large as there is room for, in its own shape; a strip keeps a side that can be seen. */
export function fitted(size: PictureProps["size"]): { readonly width: number; readonly height: number } {
  const { width, height } = size !== undefined && size.width > 0 && size.height > 0 ? size : SIZE_UNKNOWN;
  const scale = Math.min(1, WIDTH_PX_MAX / width, HEIGHT_PX_MAX / height);
  return { width: Math.max(48, Math.round(width * scale)), height: Math.max(32, Math.round(height * scale)) };
}
