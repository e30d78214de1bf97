/**
 * Makes and finds elements. Text goes in as text, never as HTML: there is no other way in here.
 */

/** @param className may be empty. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** An element of index.html. @throws {Error} if it isn't there, or is another kind. */
export function find<Found extends Element>(id: string, kind: new () => Found): Found {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`No such element: "${id}"`);
  return found;
}
