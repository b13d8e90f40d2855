// Components that show pictures or take files (Flow JSON reference, Components and Media upload).
import {
  type ComponentSpec,
  choice,
  count,
  type Fields,
  flag,
  list,
  needed,
  type Property,
  property,
  type Shape,
  text,
  words,
} from './shapes.js';

const FILES_MAX = 30;
const FILE_KIB_MAX = 25_600;
const KIB = 1024;

/** Of pictures on a screen only a recommendation is known (300 KB); a payload holds 1 MB. */
const picture: Shape = { is: 'image', bytesMax: 1024 * KIB, bytesMaxBefore6: 1024 * KIB };

const image: Fields = {
  src: needed(picture),
  width: property(count(1)),
  height: property(count(1)),
  'scale-type': property(choice('cover', 'contain')),
  'aspect-ratio': property({ is: 'number' }),
  'alt-text': property(text()),
};

const carousel: Fields = {
  images: needed(list({ is: 'record', fields: { src: needed(picture), 'alt-text': needed(words()) } }, 1, 3)),
  'aspect-ratio': property(choice('4:3', '16:9')),
  'scale-type': property(choice('contain', 'cover')),
};

/** What both pickers have in common; `noun` is photos or documents. */
function picker(noun: string): Fields {
  return {
    label: needed(words(80)),
    description: property(text(300)),
    'max-file-size-kb': property(count(1, FILE_KIB_MAX)),
    [`min-uploaded-${noun}`]: property(count(0, FILES_MAX)),
    [`max-uploaded-${noun}`]: property(count(1, FILES_MAX)),
    enabled: property(flag),
    'error-message': property({ is: 'either', of: [text(), { is: 'map' }] }),
  };
}

const MIME_TYPES = [
  'application/gzip',
  'application/msword',
  'application/pdf',
  'application/vnd.ms-excel',
  'application/vnd.ms-powerpoint',
  'application/vnd.oasis.opendocument.presentation',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/x-7z-compressed',
  'application/zip',
  'image/avif',
  'image/gif',
  'image/heic',
  'image/heif',
  'image/jpeg',
  'image/png',
  'image/tiff',
  'image/webp',
  'text/plain',
  'video/mp4',
  'video/mpeg',
];

/** Image, ImageCarousel, PhotoPicker and DocumentPicker. */
export function mediaComponents(name: Property, visible: Property): [string, ComponentSpec][] {
  const photoSource = property(choice('camera_gallery', 'camera', 'gallery'));
  const mimeTypes = property(list(choice(...MIME_TYPES), 1));
  return [
    ['Image', { since: undefined, answer: undefined, fields: { ...image, visible } }],
    ['ImageCarousel', { since: '7.1', answer: undefined, fields: { ...carousel, visible } }],
    [
      'PhotoPicker',
      { since: '4.0', answer: 'array', fields: { name, visible, ...picker('photos'), 'photo-source': photoSource } },
    ],
    [
      'DocumentPicker',
      {
        since: '4.0',
        answer: 'array',
        fields: { name, visible, ...picker('documents'), 'allowed-mime-types': mimeTypes },
      },
    ],
  ];
}
