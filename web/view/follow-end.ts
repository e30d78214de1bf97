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
  #lastTop = 0;

  /** @param content the scroller's only child. */
  constructor(scroller: HTMLElement, content: HTMLElement, onChange: (atEnd: boolean) => void) {
    this.#scroller = scroller;
    this.#onChange = onChange;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    const observer = new ResizeObserver(() => this.#atEnd && this.#jump());
    observer.observe(scroller);
    observer.observe(content);
    this.#set(true);
  }

  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#set(true);
    this.#jump();
  }

  #jump(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #look(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - clientHeight - scrollTop < SLACK_PX;
    // The end may have moved away since the page jumped there; only who scrolls up wants to leave it.
    const up = scrollTop < this.#lastTop;
    this.#lastTop = scrollTop;
    if (atEnd !== this.#atEnd && (atEnd || up)) this.#set(atEnd);
  }

  #set(atEnd: boolean): void {
    this.#atEnd = atEnd;
    this.#scroller.classList.toggle("at-end", atEnd);
    this.#onChange(atEnd);
  }
}
