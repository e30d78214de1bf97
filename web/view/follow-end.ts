/**
 * FollowEnd: keeps a scroller at its end while the reader is there, whatever grows or shrinks, and leaves them alone
 * when they have scrolled up.
 */

/** So near the end counts as there. */
const SLACK_PX = 60;

export class FollowEnd {
  readonly #scroller: HTMLElement;
  readonly #onChange: (atEnd: boolean) => void;
  #atEnd = true;

  /** @param content the scroller's only child. */
  constructor(scroller: HTMLElement, content: HTMLElement, onChange: (atEnd: boolean) => void) {
    this.#scroller = scroller;
    this.#onChange = onChange;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    const observer = new ResizeObserver(() => this.#atEnd && this.#jump());
    observer.observe(scroller);
    observer.observe(content);
  }

  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#atEnd = true;
    this.#jump();
    this.#onChange(true);
  }

  #jump(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #look(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - clientHeight - scrollTop < SLACK_PX;
    if (atEnd === this.#atEnd) return;
    this.#atEnd = atEnd;
    this.#onChange(atEnd);
  }
}
