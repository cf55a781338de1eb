"""Extracts the facts that the demo model is taught: chemical elements and everyday words.

    facts.py ELEMENTS_DICT WORDNET_FOLDER > data/facts.json

Sources: Debian's dict-elements (public domain; entries up to number 103, because the later texts come from elsewhere) and
wordnet-base (WordNet 3.0, Princeton University; licence in WORDNET-LICENSE). Both are read from their packages:
apt-get download dict-elements wordnet-base; dpkg -x …
"""
import gzip, json, re, sys

WORDS = """apple apricot banana bean beet bread broccoli butter cabbage cake carrot celery cheese cherry chocolate cinnamon coffee
cookie corn cream cucumber date egg fig flour garlic ginger grape honey jam juice lemon lentil lettuce lime mango melon milk
mushroom mustard nut oat olive onion orange papaya parsley pasta pea peach peanut pear pepper pie plum potato pumpkin radish
raspberry rice salad salt sauce soup spinach strawberry sugar tea tomato vanilla vinegar walnut wheat wine yogurt
ant badger bat bear beaver bee beetle buffalo butterfly camel cat chicken cobra cow crab crocodile crow deer dog dolphin donkey
duck eagle eel elephant falcon ferret fox frog giraffe goat goose gorilla hamster hare hawk hedgehog heron horse hyena
jaguar jellyfish kangaroo koala leopard lion lizard lobster lynx mole monkey moose mosquito moth mouse mule octopus ostrich otter
owl ox oyster panda parrot peacock pelican penguin pig pigeon pony porcupine rabbit raccoon rat raven salmon scorpion seal shark
sheep shrimp skunk sloth snail snake sparrow spider squid squirrel stork swan tiger toad tortoise trout tuna turkey turtle
vulture walrus wasp weasel whale wolf zebra
anvil auger awl axe bellows bolt broom brush bucket chisel compass drill file hammer hatchet hinge hoe jigsaw
knife ladder lathe lever mallet mattock mortise nail needle pliers pulley rake rasp rivet ruler saw
scissors screw screwdriver shovel sickle spade spanner tenon tongs trowel vise wedge wheelbarrow wrench dovetail dowel plank veneer
plywood lumber sawdust timber
bank bay beach canyon cave cliff cloud coast continent creek desert dune earthquake estuary fjord fog forest geyser glacier
gorge hill hurricane iceberg island lagoon lake lava lightning marsh meadow mountain oasis ocean peninsula plateau pond prairie
rain rainbow reef river sand sea snow stream summit swamp thunder tide tornado tundra valley volcano waterfall wind
alcove attic balcony barn bed bench bottle bowl box bridge cabinet candle canoe carpet castle ceiling cellar chair chimney
church clock coat cottage couch cup curtain desk door drawer fence flute fork garden gate glove guitar harbor harp hat house
hospital kettle key kitchen lamp lantern library lighthouse lock map mattress mill mirror monastery museum needle orchard oven
palace pencil piano pillow plate pot pyramid quilt raft roof rope sail school shelf ship shoe sink sofa spoon stove
table tent theater tower towel trumpet tunnel umbrella vase violin wagon wall well wheel window
amber asphalt brass brick bronze cement ceramic clay concrete cotton diamond emerald glass granite leather limestone linen marble
paper pearl plaster porcelain rubber ruby sandstone silk slate steel topaz wax wood wool
acorn bark birch blossom bud bush cactus cedar clover daisy fern flower grass hazel ivy leaf lily maple moss oak orchid
palm petal pine poplar reed root rose sapling seed shrub spruce stem thorn tree trunk tulip vine violet weed willow
ankle arm artery beard blood bone brain cheek chest chin ear elbow eye eyebrow finger foot forehead hair hand heart heel hip
jaw kidney knee leg lip liver lung mouth muscle neck nose palm rib shoulder skeleton skin skull stomach thumb toe tongue tooth
wrist
actor architect artist astronomer baker barber blacksmith butcher captain carpenter chemist cook dentist doctor engineer farmer
fisherman gardener geologist judge lawyer mason mechanic merchant miner musician nurse painter pharmacist pilot plumber poet
potter sailor scientist shepherd soldier surgeon tailor teacher weaver
afternoon autumn century dawn day decade dusk evening hour midnight minute month morning night noon spring summer week winter year
air atom comet crystal eclipse electron energy fire fossil galaxy gas gravity heat ice light liquid magnet metal mineral
molecule moon neutron nucleus orbit planet proton shadow smoke solid sound star steam sun telescope temperature vapor vacuum water
""".split()
SENSE = {"date": 7, "plane": 1, "bank": 1, "file": 4, "seal": 9, "lime": 2, "vise": 1, "saw": 2, "well": 1, "palm": 2, "bat": 1, "pot": 1,
         "spring": 1, "mole": 6, "orange": 1, "bolt": 3, "key": 1, "lock": 1, "star": 3, "mill": 1, "bark": 1, "ruler": 1, "light": 1}

def elements(path):
    found = []
    for entry in re.split(r"\n\n+", gzip.open(path, "rt", encoding="latin-1").read()):
        m = re.match(r"\s*([a-z]+)\nSymbol: (\w+)\nAtomic number: (\d+)\nAtomic weight: \(?([\d.]+)\)?\n(.*)", entry, re.S)
        if m and int(m[3]) <= 103:
            text = " ".join(m[5].split())
            sentences = re.split(r"(?<=[a-z)])\. (?=[A-Z])", text)
            found.append({"name": m[1], "symbol": m[2], "number": int(m[3]), "weight": m[4],
                          "about": (sentences[0].rstrip(".") + ".") if 20 < len(sentences[0]) < 160 else None})
    return sorted(found, key=lambda e: e["number"])

def nouns(folder, words):
    index = {}
    for line in open(f"{folder}/index.noun", encoding="utf-8"):
        if not line.startswith(" "):
            p = line.split(); n = int(p[2]); index[p[0]] = p[-n:]
    data = open(f"{folder}/data.noun", "rb").read()
    found = []
    for word in sorted(set(words)):
        if word not in index: continue
        senses = index[word]; offset = int(senses[min(SENSE.get(word, 1), len(senses)) - 1])
        gloss = data[offset:data.index(b"\n", offset)].decode().split("| ", 1)[1]
        definition = re.split(r"; |;$", gloss)[0].split(' "')[0].strip()
        definition = re.sub(r"^\([^)]*\)\s*", "", definition)
        if 12 < len(definition) < 130 and "(" not in definition: found.append({"word": word, "definition": definition})
    return found

def lemmas(folder, pos, known):
    """Single lower-case words for made-up tool names and for things that the model has not learned."""
    out = []
    for line in open(f"{folder}/index.{pos}", encoding="utf-8"):
        p = line.split()
        if not line.startswith(" ") and re.fullmatch(r"[a-z]{4,10}", p[0]) and p[0] not in known and int(p[5 + int(p[3])]) > 0: out.append(p[0])
    return out

if __name__ == "__main__":
    things = nouns(sys.argv[2], WORDS)
    known = {t["word"] for t in things}
    json.dump({"elements": elements(sys.argv[1]), "things": things, "nouns": lemmas(sys.argv[2], "noun", known)[::3],
               "verbs": lemmas(sys.argv[2], "verb", known)[::6]}, sys.stdout, indent=0)
