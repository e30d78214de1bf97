/**
 * A disc with the first letter of a name, in a hue that is always the same for that name.
 */
import { type CSSProperties, memo } from "react";

export interface AvatarProps {
  readonly name: string;
  /** A room is a square with its sign. */
  readonly kind?: "room" | "direct" | "all";
  readonly size?: "small" | "large";
  /** Shows a dot; undefined for none. */
  readonly online?: boolean | undefined;
}

export const Avatar = memo(function Avatar({ name, kind = "direct", size, online }: AvatarProps) {
  const classes = ["avatar", kind, size].filter(Boolean).join(" ");
  const letter = kind === "room" ? "#" : kind === "all" ? "!" : firstLetter(name);
  return (
    <span className={classes} style={{ "--hue": hueOf(name) } as CSSProperties} aria-hidden="true">
      {letter}
      {online === undefined ? null : <span className={online ? "dot online" : "dot"} />}
    </span>
  );
});

/** Degrees, in steps that the eye can tell apart. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  // Names that differ in their last letter only are to differ in colour.
  return ((Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8) % 24) * 15;
}

/** By grapheme: an emoji or an accented letter is more than one code point. */
function firstLetter(name: string): string {
  const [first] = new Intl.Segmenter().segment(name);
  return (first?.segment ?? "?").toLocaleUpperCase();
}
