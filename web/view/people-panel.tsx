/**
 * The right column: who is in the room and who has gone, or who one is talking to.
 */
import { memo } from "react";
import { directId } from "../chat/conversation.ts";
import { Avatar } from "./avatar.tsx";
import { useChat, usePage } from "./context.ts";
import { Icon } from "./icon.tsx";

export interface PeoplePanelProps {
  readonly open: (id: string) => void;
  readonly hide: () => void;
}

/** Names shown; the rest is counted. */
const SHOWN_MAX = 300;

export const PeoplePanel = memo(function PeoplePanel({ open, hide }: PeoplePanelProps) {
  const { words } = usePage();
  const kind = useChat((state) => state.open?.kind);
  const name = useChat((state) => state.open?.name ?? "");
  return (
    <section className="people" aria-label={words.people}>
      <header className="bar">
        <h2>{words.people}</h2>
        <button
          type="button"
          className="round"
          onClick={hide}
          aria-label={words.hidePeople}
          title={words.hidePeople}
        >
          <Icon name="close" />
        </button>
      </header>
      {kind === "room" ? <Members open={open} /> : null}
      {kind === "direct" ? <Partner name={name} /> : null}
    </section>
  );
});

function Members({ open }: { readonly open: (id: string) => void }) {
  const { words } = usePage();
  const me = useChat((state) => state.me);
  const people = useChat((state) => state.open?.people);
  const away = useChat((state) => state.open?.away);
  if (people === undefined) return <p className="hint">{words.loading}</p>;
  const names = [...people.names].sort((a, b) => Number(b === me) - Number(a === me) || a.localeCompare(b));
  const shown = names.slice(0, SHOWN_MAX);
  const more = people.count - shown.length;
  return (
    <div className="groups">
      <h3>{words.here(people.count)}</h3>
      <ul className="here">
        {shown.map((name) => (
          <Person key={name} name={name} isMe={name === me} online={true} open={open} />
        ))}
      </ul>
      {more > 0 ? <p className="hint">{words.morePeople(more)}</p> : null}
      {people.count <= 1 ? <p className="hint">{words.nobodyElse}</p> : null}
      {away?.length ? (
        <>
          <h3>{words.away(away.length)}</h3>
          <ul className="away">
            {away.map((name) => (
              <Person key={name} name={name} isMe={false} online={false} open={open} />
            ))}
          </ul>
        </>
      ) : null}
    </div>
  );
}

interface PersonProps {
  readonly name: string;
  readonly isMe: boolean;
  readonly online: boolean;
  readonly open: (id: string) => void;
}

const Person = memo(function Person({ name, isMe, online, open }: PersonProps) {
  const { words } = usePage();
  const face = <Avatar name={name} size="small" online={online} />;
  const label = (
    <span className="name" dir="auto">
      {name}
    </span>
  );
  if (isMe) {
    return (
      <li className="person">
        {face}
        {label}
        <span className="you">{words.you}</span>
      </li>
    );
  }
  return (
    <li>
      <button
        type="button"
        className="person"
        onClick={() => open(directId(name))}
        title={words.writeDirectly(name)}
      >
        {face}
        {label}
        <span className="unseen">{online ? words.isOnline : words.isAway}</span>
      </button>
    </li>
  );
});

function Partner({ name }: { readonly name: string }) {
  const { words } = usePage();
  const online = useChat((state) => state.open?.online);
  return (
    <div className="partner">
      <Avatar name={name} size="large" online={online} />
      <p className="name" dir="auto">
        {name}
      </p>
      <p className="hint">{online === undefined ? "" : online ? words.isOnline : words.isAway}</p>
    </div>
  );
}
