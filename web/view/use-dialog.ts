/**
 * Opens a dialog over the page: the browser keeps the focus in it and gives it back. Escape and a click beside it close it.
 */
import { type RefObject, useEffect, useRef } from "react";

export function useDialog(close: () => void): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    const element = dialog.current;
    if (element === null) return undefined;
    const before = document.activeElement;
    const onClose = () => latest.current();
    const onClick = ({ target }: MouseEvent) => {
      if (target === element) element.close();
    };
    element.addEventListener("close", onClose);
    element.addEventListener("click", onClick);
    element.showModal();
    return () => {
      element.removeEventListener("close", onClose);
      element.removeEventListener("click", onClick);
      element.close();
      // It was taken off the page with the focus in it.
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus();
    };
  }, []);
  return dialog;
}
