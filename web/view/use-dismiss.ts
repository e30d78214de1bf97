/**
 * Closes a panel by Escape, and by a click anywhere else.
 */
import { type RefObject, useEffect, useRef } from "react";

export function useDismiss(panel: RefObject<HTMLElement | null>, close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      latest.current();
    };
    const onPointerDown = ({ target }: PointerEvent) => {
      const element = target instanceof Element ? target : undefined;
      // The button that opened it closes it by itself.
      if (panel.current?.contains(element ?? null) || element?.closest("[aria-expanded=true]")) return;
      latest.current();
    };
    document.addEventListener("keydown", onKeyDown);
    document.addEventListener("pointerdown", onPointerDown);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("pointerdown", onPointerDown);
    };
  }, [panel]);
}
