// Every structure that a template can have (Infobip 9), what fills it in a message, and what the user's phone then shows, to the letter.

/** What a phone shows of a template message. */
interface Shown {
  body: string;
  header?: object;
  footer?: string;
  offer?: object;
  buttons?: readonly object[];
  cards?: readonly object[];
  asksForCalls?: true;
  orderStatus?: object;
}

/** One structure on its way: as it is registered, filled and shown, and as it is edited and shown then. */
export interface Walk {
  category: string;
  structure: object;
  /** What stands beside the structure; an edit says it again. */
  more: object;
  /** What a message brings. */
  data: object;
  shown: Shown;
  /** Ends of the names of the files that the phone loads, in their order. */
  files: readonly string[];
  edited: object;
  shownEdited: Shown;
}

const BEFORE = { text: 'Dear {{1}}, order {{2}} is *out*.\nSee you!', examples: ['Lea', '77'] };
const AFTER = { text: 'Hi {{1}}: {{2}} has left.', examples: ['Lea', '77'] };

interface Plain {
  category?: string;
  /** The structure, its body aside. */
  parts?: object;
  more?: object;
  /** What fills it, its body aside. */
  data?: object;
  shown?: Omit<Shown, 'body'>;
  files?: readonly string[];
}

/** A structure whose body is edited. */
function plain({ category = 'MARKETING', parts, more = {}, data, shown, files = [] }: Plain): Walk {
  const phone = { buttons: [], ...shown };
  return {
    category,
    more,
    files,
    structure: { ...parts, body: BEFORE },
    data: { body: { placeholders: ['Ann', '78'] }, ...data },
    shown: { ...phone, body: 'Dear Ann, order 78 is *out*.\nSee you!' },
    edited: { ...parts, body: AFTER },
    shownEdited: { ...phone, body: 'Hi Ann: 78 has left.' },
  };
}

/** A header with a file; `host` has the file. */
function filed(host: string, format: string, end: string, more: object = {}): Plain {
  const type = format.toLowerCase();
  return {
    parts: { header: { format, example: `${host}/example.${end}` } },
    data: { header: { type: format, mediaUrl: `${host}/sent.${end}`, ...more } },
    shown: { header: { type, path: `template['components'][0]['parameters'][0]['${type}']`, ...more } },
    files: [end],
  };
}

const url = { type: 'URL', text: 'Track', url: 'https://shop.example/{{1}}', example: 'https://shop.example/77' };
const reply = (text: string) => ({ type: 'QUICK_REPLY', text });

/** Buttons, what fills them, and what is shown of them. */
function buttoned(buttons: object[], data: object[], shown: object[], more: Partial<Plain> = {}): Plain {
  return {
    parts: { buttons },
    ...(data.length === 0 ? {} : { data: { buttons: data } }),
    shown: { buttons: shown },
    ...more,
  };
}

const flow = { type: 'FLOW', text: 'Book', flowId: 1_234_567_890_123_456 };
const MANY: Plain = buttoned(
  [
    url,
    { type: 'URL', text: 'Shop', url: 'https://shop.example/all' },
    { type: 'PHONE_NUMBER', text: 'Call', phoneNumber: '+44 113 496-0000' },
    { type: 'COPY_CODE', example: 'MAY10' },
    { ...flow, flowAction: 'NAVIGATE', navigateScreen: 'START' },
    { type: 'VOICE_CALL', text: 'Talk', callValidityPeriod: 1440 },
    ...['One', 'Two', 'Three', 'Four'].map(reply),
  ],
  [
    { type: 'URL', parameter: 'x?y=78' },
    { type: 'COPY_CODE', parameter: 'JUNE5' },
    { type: 'FLOW', flowToken: 'token-1', data: { seats: 2 } },
    { type: 'VOICE_CALL', callValidityPeriod: 60, callContextPayload: 'from-78' },
    { type: 'QUICK_REPLY', parameter: 'one-78' },
    { type: 'QUICK_REPLY', parameter: 'two-78' },
  ],
  [
    { type: 'url', text: 'Track', url: 'https://shop.example/x?y=78' },
    { type: 'url', text: 'Shop', url: 'https://shop.example/all' },
    { type: 'phone_number', text: 'Call', phone_number: '+441134960000' },
    { type: 'copy_code', text: 'Copy offer code', code: 'JUNE5' },
    {
      type: 'flow',
      text: 'Book',
      action: {
        flow_id: '1234567890123456',
        flow_action: 'navigate',
        navigate_screen: 'START',
        flow_token: 'token-1',
        flow_action_data: { seats: 2 },
      },
    },
    { type: 'voice_call', text: 'Talk', payload: 'from-78' },
    { type: 'quick_reply', text: 'One', payload: 'one-78' },
    { type: 'quick_reply', text: 'Two', payload: 'two-78' },
    { type: 'quick_reply', text: 'Three', payload: 'Three' },
    { type: 'quick_reply', text: 'Four', payload: 'Four' },
  ],
);

const TEN = Array.from({ length: 10 }, (_, i) => `Answer ${i + 1}`);
const sections = [{ title: 'New', productRetailerIds: ['sku1', 'sku2'] }];
const SECTIONS = [{ title: 'New', product_items: ['sku1', 'sku2'].map((id) => ({ product_retailer_id: id })) }];

const ORDER: Plain = buttoned(
  [{ type: 'ORDER_DETAILS', variant: 'BRAZIL' }],
  [
    {
      type: 'ORDER_DETAILS',
      action: {
        payment: { type: 'BRAZIL_LINK', id: 'p1', paymentLink: 'https://pay.example/1' },
        orderCurrency: 'BRL',
        orderType: 'DIGITAL_GOODS',
        totalAmount: { value: 1600 },
        order: {
          items: [{ retailerId: '1', name: 'Pen', amount: { value: 750 }, quantity: 2 }],
          subtotal: { value: 1500 },
          tax: { value: 100, description: 'VAT' },
        },
      },
    },
  ],
  [
    {
      type: 'order_details',
      text: 'Buy now',
      action: {
        order_details: {
          reference_id: 'p1',
          type: 'digital-goods',
          payment_type: 'br',
          payment_settings: [{ type: 'payment_link', payment_link: { uri: 'https://pay.example/1' } }],
          currency: 'BRL',
          total_amount: { value: 1600, offset: 100 },
          order: {
            status: 'pending',
            items: [{ retailer_id: '1', name: 'Pen', amount: { value: 750, offset: 100 }, quantity: 2 }],
            subtotal: { value: 1500, offset: 100 },
            tax: { value: 100, offset: 100, description: 'VAT' },
          },
        },
      },
    },
  ],
  { category: 'UTILITY' },
);

const STATUS: Plain = {
  category: 'UTILITY',
  more: { subCategory: 'ORDER_STATUS' },
  data: {
    orderStatus: {
      orderStatuses: [{ payment: { type: 'BRAZIL_LINK', id: 'p1' }, status: 'PARTIALLY_SHIPPED', description: 'Soon' }],
    },
  },
  shown: { orderStatus: { reference_id: 'p1', order: { status: 'partially-shipped', description: 'Soon' } } },
};

/** As many cards with a file, a link that messages fill and a reply that they need not. */
function cardsOf(host: string, count: number, format: string, end: string): Plain {
  const type = format.toLowerCase();
  const numbers = Array.from({ length: count }, (_, i) => i);
  return {
    parts: {
      carousel: {
        cards: numbers.map((i) => ({
          header: { format, example: `${host}/example.${end}` },
          body: { text: `Card {{1}} of number ${i} here`, examples: ['x'] },
          buttons: [reply('More'), url],
        })),
      },
    },
    data: {
      carousel: {
        cards: numbers.map((i) => ({
          header: { type: format, mediaUrl: `${host}/card${i}.${end}` },
          body: { placeholders: [`no. ${i}`] },
          buttons: [{ type: 'URL', parameter: `c${i}` }],
        })),
      },
    },
    shown: {
      cards: numbers.map((i) => ({
        header: {
          type,
          path: `template['components'][1]['cards'][${i}]['components'][0]['parameters'][0]['${type}']`,
        },
        body: `Card no. ${i} of number ${i} here`,
        buttons: [
          { type: 'quick_reply', text: 'More', payload: 'More' },
          { type: 'url', text: 'Track', url: `https://shop.example/c${i}` },
        ],
      })),
    },
    files: numbers.map(() => end),
  };
}

/** A limited-time offer under a picture. */
function offer(host: string): Plain {
  const { parts, data, shown, files = [] } = filed(host, 'IMAGE', 'png');
  return {
    parts: {
      ...parts,
      limitedTimeOffer: { text: 'Ends soon', hasExpiration: true },
      buttons: [{ type: 'COPY_CODE', example: 'MAY10' }, url],
    },
    data: {
      ...data,
      limitedTimeOffer: { expirationTime: '2035-05-04T09:00:00.000+0000' },
      buttons: [
        { type: 'COPY_CODE', parameter: 'JUNE5' },
        { type: 'URL', parameter: 'sale' },
      ],
    },
    shown: {
      ...shown,
      offer: { text: 'Ends soon', expiresAt: Date.UTC(2035, 4, 4, 9) },
      buttons: [
        { type: 'copy_code', text: 'Copy offer code', code: 'JUNE5' },
        { type: 'url', text: 'Track', url: 'https://shop.example/sale' },
      ],
    },
    files,
  };
}

const CODE_TEXT = '*123456* is your verification code.';

/** A code; texts are Meta's. `button` is as it is registered, `shown` as the phone has it. */
function code(button: object, shown: object): Walk {
  const buttons = [{ type: 'otp', ...shown, code: '123456' }];
  return {
    category: 'AUTHENTICATION',
    more: { validityPeriod: { amount: 5, timeUnit: 'MINUTES' } },
    files: [],
    structure: { body: { addSecurityRecommendation: true }, footer: {}, buttons: [button] },
    data: { body: { placeholders: ['123456'] }, buttons: [{ type: 'URL', parameter: '123456' }] },
    shown: { body: `${CODE_TEXT} For your security, do not share this code.`, buttons },
    edited: { body: {}, footer: { codeExpirationMinutes: 10 }, buttons: [button] },
    shownEdited: { body: CODE_TEXT, footer: 'This code expires in 10 minutes.', buttons },
  };
}

/** All of them by the name of their template; `host` serves files. */
export function templateWalks(host: string): Readonly<Record<string, Walk>> {
  const app = { packageName: 'com.shop', signatureHash: 'AbCdEf12345' };
  const header = { format: 'TEXT', text: 'Order {{1}} & co', example: '77' };
  return {
    w_body: plain({}),
    w_header: plain({
      parts: { header, footer: { text: 'Depot' } },
      data: { header: { type: 'TEXT', placeholder: '78' } },
      shown: { header: { type: 'text', text: 'Order 78 & co' }, footer: 'Depot' },
    }),
    w_fixed_header: plain({
      category: 'UTILITY',
      parts: { header: { format: 'TEXT', text: 'News' } },
      shown: { header: { type: 'text', text: 'News' } },
    }),
    w_image: plain(filed(host, 'IMAGE', 'png')),
    w_video: plain(filed(host, 'VIDEO', 'mp4')),
    w_gif: plain(filed(host, 'GIF', 'mp4')),
    w_document: plain({ ...filed(host, 'DOCUMENT', 'pdf', { filename: 'bill.pdf' }), category: 'UTILITY' }),
    w_location: plain({
      category: 'UTILITY',
      parts: { header: { format: 'LOCATION' } },
      data: { header: { type: 'LOCATION', latitude: 45.8, longitude: 15.97 } },
      shown: { header: { type: 'location', location: { latitude: 45.8, longitude: 15.97 } } },
    }),
    w_many_buttons: plain(MANY),
    w_ten_replies: plain(
      buttoned(
        TEN.map(reply),
        TEN.map((text) => ({ type: 'QUICK_REPLY', parameter: `${text}!` })),
        TEN.map((text) => ({ type: 'quick_reply', text, payload: `${text}!` })),
      ),
    ),
    w_replies_first: plain(
      buttoned(
        [reply('Stop'), url],
        [{ type: 'URL', parameter: '78' }],
        [
          { type: 'quick_reply', text: 'Stop', payload: 'Stop' },
          { type: 'url', text: 'Track', url: 'https://shop.example/78' },
        ],
      ),
    ),
    w_flow: plain(
      buttoned(
        [{ ...flow, flowAction: 'DATA_EXCHANGE' }],
        [],
        [{ type: 'flow', text: 'Book', action: { flow_id: '1234567890123456', flow_action: 'data_exchange' } }],
      ),
    ),
    w_catalog: plain(
      buttoned(
        [{ type: 'CATALOG' }],
        [{ type: 'CATALOG', thumbnailProductRetailerId: 'sku1' }],
        [{ type: 'catalog', text: 'View catalog', action: { thumbnail_product_retailer_id: 'sku1' } }],
      ),
    ),
    w_products: plain(
      buttoned(
        [{ type: 'MULTI_PRODUCT' }],
        [{ type: 'MULTI_PRODUCT', thumbnailProductRetailerId: 'sku1', sections }],
        [
          {
            type: 'mpm',
            text: 'View items',
            action: { thumbnail_product_retailer_id: 'sku1', sections: SECTIONS },
          },
        ],
      ),
    ),
    w_order: plain(ORDER),
    w_order_status: plain(STATUS),
    w_voice_call: plain(
      buttoned([{ type: 'VOICE_CALL', text: 'Call us' }], [], [{ type: 'voice_call', text: 'Call us' }]),
    ),
    w_contact: plain(
      buttoned([{ type: 'REQUEST_CONTACT_INFO' }], [], [{ type: 'request_contact_info', text: 'Share contact info' }]),
    ),
    w_two_cards: plain(cardsOf(host, 2, 'IMAGE', 'png')),
    w_ten_cards: plain(cardsOf(host, 10, 'VIDEO', 'mp4')),
    w_offer: plain(offer(host)),
    w_endless_offer: plain({
      parts: { limitedTimeOffer: { text: 'For you' }, buttons: [{ ...url, url: 'https://shop.example' }] },
      shown: {
        offer: { text: 'For you' },
        buttons: [{ type: 'url', text: 'Track', url: 'https://shop.example' }],
      },
    }),
    w_calls: plain({
      parts: { header: { format: 'TEXT', text: 'A word?' }, footer: { text: 'Depot' }, callPermissionRequest: {} },
      shown: { header: { type: 'text', text: 'A word?' }, footer: 'Depot', asksForCalls: true },
    }),
    w_copy_code: code({ otpType: 'COPY_CODE', text: 'Copy it' }, { otp: 'copy_code', text: 'Copy it' }),
    w_one_tap: code({ otpType: 'ONE_TAP', autofillText: 'Fill in', ...app }, { otp: 'one_tap', text: 'Fill in' }),
    w_zero_tap: code(
      { otpType: 'ZERO_TAP', zeroTapTermsAccepted: true, ...app },
      { otp: 'zero_tap', text: 'Autofill' },
    ),
  };
}
