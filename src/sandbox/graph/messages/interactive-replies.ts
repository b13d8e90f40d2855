// Interactive messages that offer answers or a link: `button`, `list`, `cta_url`, `voice_call` (Meta 1.5).
import Type, { type Static } from 'typebox';
import { invalidValue } from '../schema.js';
import {
  ANY_HEADER,
  checkDistinct,
  checkTitles,
  checkUrlParameters,
  interactiveType,
  LABEL_CHARACTERS_MAX,
  SECTIONS_MAX,
  SectionTitle,
  textUpTo,
  UrlParameters,
} from './interactive.js';
import type { OutboundType } from './type.js';

const closed = { additionalProperties: false };
const BUTTONS_MAX = 3;
const BUTTON_ID_CHARACTERS_MAX = 256;
const LIST_BODY_CHARACTERS_MAX = 4096;
const ROWS_MAX = 10;
const ROW_ID_CHARACTERS_MAX = 200;
const ROW_TITLE_CHARACTERS_MAX = 24;
const ROW_DESCRIPTION_CHARACTERS_MAX = 72;
const CALL_MINUTES_MAX = 43_200;
const CALL_PAYLOAD_CHARACTERS_MAX = 512;

const Buttons = Type.Object(
  {
    buttons: Type.Array(
      Type.Object(
        {
          type: Type.Literal('reply'),
          reply: Type.Object({ id: textUpTo(BUTTON_ID_CHARACTERS_MAX), title: textUpTo(LABEL_CHARACTERS_MAX) }, closed),
        },
        closed,
      ),
      { minItems: 1, maxItems: BUTTONS_MAX },
    ),
  },
  closed,
);

const List = Type.Object(
  {
    button: textUpTo(LABEL_CHARACTERS_MAX),
    sections: Type.Array(
      Type.Object(
        {
          title: SectionTitle,
          rows: Type.Array(
            Type.Object(
              {
                id: textUpTo(ROW_ID_CHARACTERS_MAX),
                title: textUpTo(ROW_TITLE_CHARACTERS_MAX),
                description: Type.Optional(Type.String({ maxLength: ROW_DESCRIPTION_CHARACTERS_MAX })),
              },
              closed,
            ),
            { minItems: 1 },
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: SECTIONS_MAX },
    ),
  },
  closed,
);

const UrlButton = Type.Object({ name: Type.Literal('cta_url'), parameters: UrlParameters }, closed);

const CallButton = Type.Object(
  {
    name: Type.Literal('voice_call'),
    parameters: Type.Optional(
      Type.Object(
        {
          display_text: Type.Optional(textUpTo(LABEL_CHARACTERS_MAX)),
          ttl_minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: CALL_MINUTES_MAX })),
          payload: Type.Optional(Type.String({ maxLength: CALL_PAYLOAD_CHARACTERS_MAX })),
        },
        closed,
      ),
    ),
  },
  closed,
);

const BUTTONS_PATH = "interactive['action']['buttons']";
const SECTIONS_PATH = "interactive['action']['sections']";

/** The four types. */
export const REPLY_TYPES: readonly OutboundType[] = [
  interactiveType({
    type: 'button',
    header: ANY_HEADER,
    action: Buttons,
    check: ({ buttons }: Static<typeof Buttons>) =>
      checkDistinct(
        buttons.map(({ reply }) => reply.id),
        BUTTONS_PATH,
        'ids',
      ) ??
      checkDistinct(
        buttons.map(({ reply }) => reply.title),
        BUTTONS_PATH,
        'titles',
      ),
  }),
  interactiveType({
    type: 'list',
    header: ['text'],
    bodyCharactersMax: LIST_BODY_CHARACTERS_MAX,
    action: List,
    check({ sections }: Static<typeof List>) {
      const rows = sections.flatMap((section) => section.rows);
      if (rows.length > ROWS_MAX) return invalidValue(SECTIONS_PATH, `must have at most ${ROWS_MAX} rows in total`);
      const ids = rows.map(({ id }) => id);
      return checkTitles(sections, SECTIONS_PATH) ?? checkDistinct(ids, SECTIONS_PATH, 'row ids');
    },
  }),
  interactiveType({
    type: 'cta_url',
    header: ANY_HEADER,
    action: UrlButton,
    check: ({ parameters }: Static<typeof UrlButton>) =>
      checkUrlParameters(parameters, "interactive['action']['parameters']"),
  }),
  interactiveType({ type: 'voice_call', action: CallButton }),
];
