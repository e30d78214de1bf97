/**
 * What is seen until the server has answered for the first time.
 */
import { wordingFor } from "../words/wording.ts";

export function Starting({ language }: { readonly language: string }) {
  return (
    <main className="starting">
      <span className="spinner" aria-hidden="true" />
      <p role="status">{wordingFor(language).starting}</p>
    </main>
  );
}
