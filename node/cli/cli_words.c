/* cli_words: the list. Its order is part of what two people compare: never changed. */
#include "cli_words.h"

/* 256 words, alphabetical, no two within one letter of each other. */
static const char *const words[256] = {
    "acorn",   "agenda",   "alarm",   "album",   "almond",  "alpine",  "amber",    "anchor",   "ankle",    "apple",
    "apron",   "archer",   "arrow",   "aspen",   "atlas",   "autumn",  "avenue",   "badger",   "bagel",    "bamboo",
    "banana",  "banjo",    "barley",  "barrel",  "basil",   "basket",  "beacon",   "beaver",   "bishop",   "bottle",
    "bracket", "bridge",   "bronze",  "bucket",  "buffalo", "bumper",  "bundle",   "butter",   "button",   "cabin",
    "cactus",  "camera",   "canal",   "candle",  "canvas",  "canyon",  "carpet",   "castle",   "cedar",    "cellar",
    "cherry",  "chimney",  "cinema",  "circus",  "citrus",  "clover",  "cobalt",   "coconut",  "coffee",   "comet",
    "compass", "copper",   "coral",   "cotton",  "cradle",  "crater",  "crayon",   "cricket",  "crystal",  "curtain",
    "cushion", "daisy",    "dancer",  "decade",  "delta",   "denim",   "desert",   "diamond",  "dolphin",  "domino",
    "dragon",  "drummer",  "eagle",   "easel",   "eclipse", "elbow",   "elephant", "emerald",  "engine",   "evening",
    "fabric",  "falcon",   "feather", "fender",  "ferry",   "fiddle",  "flame",    "flannel",  "flute",    "forest",
    "fossil",  "fountain", "freckle", "galaxy",  "gallery", "garden",  "garlic",   "gazelle",  "ginger",   "giraffe",
    "glacier", "goblet",   "gorilla", "granite", "grape",   "guitar",  "hammer",   "hamster",  "harbour",  "harvest",
    "hazel",   "helmet",   "hermit",  "hockey",  "honey",   "horizon", "hornet",   "iceberg",  "igloo",    "indigo",
    "insect",  "island",   "ivory",   "jacket",  "jaguar",  "jasmine", "jelly",    "jigsaw",   "jungle",   "juniper",
    "kayak",   "kernel",   "kettle",  "kitchen", "ladder",  "lagoon",  "lantern",  "laundry",  "lavender", "lemon",
    "leopard", "lettuce",  "library", "lobster", "lotus",   "lumber",  "magnet",   "mammoth",  "mango",    "maple",
    "marble",  "meadow",   "melon",   "meteor",  "mirror",  "mitten",  "monkey",   "mosaic",   "muffin",   "museum",
    "napkin",  "nectar",   "needle",  "nickel",  "noodle",  "nutmeg",  "oasis",    "ocean",    "octopus",  "olive",
    "onion",   "orange",   "orchid",  "otter",   "oyster",  "palace",  "panda",    "paper",    "parrot",   "pebble",
    "pelican", "pencil",   "pepper",  "piano",   "pigeon",  "pirate",  "planet",   "plaza",    "polar",    "pottery",
    "prairie", "pumpkin",  "puzzle",  "quarry",  "quartz",  "rabbit",  "radish",   "raven",    "ribbon",   "river",
    "robin",   "rocket",   "saddle",  "saffron", "salmon",  "sandal",  "sapphire", "scooter",  "shadow",   "silver",
    "spider",  "squirrel", "statue",  "sugar",   "sunset",  "tadpole", "teapot",   "temple",   "thunder",  "tiger",
    "timber",  "tomato",   "tractor", "trumpet", "tulip",   "tunnel",  "turtle",   "umbrella", "unicorn",  "valley",
    "vanilla", "velvet",   "village", "violin",  "volcano", "voyage",  "waffle",   "walnut",   "walrus",   "whistle",
    "willow",  "window",   "winter",  "wizard",  "yacht",   "zebra",
};

const char *cli_words_of(uint8_t byte)
{
    return words[byte];
}

void cli_words_add(struct buf *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0)
            buf_add_text(out, i % 4 == 0 ? " - " : " ");
        buf_add_text(out, words[bytes.data[i]]);
    }
}
