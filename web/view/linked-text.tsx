/**
 * What somebody wrote: text, in which addresses are links.
 */
import { textParts } from "./text-parts.ts";

export function LinkedText({ text }: { readonly text: string }) {
  return (
    <p className="text" dir="auto">
      {textParts(text).map((part, index) =>
        part.url === undefined ? (
          part.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change places
          <a key={index} href={part.url} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ),
      )}
    </p>
  );
}
