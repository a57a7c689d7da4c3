"""Everyday, technical and service exchanges of our own invention: templates with slots, thousands of distinct ones.

They call for no empathy: nobody in them is in need, glad or hurt.
"""

from random import Random

SLOTS: dict[str, tuple[str, ...]] = {
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "the third", "the tenth"),
    "hour": ("eight", "nine", "half past nine", "ten", "eleven", "noon", "two", "half past three", "four", "six"),
    "number": ("two", "three", "four", "five", "six", "eight", "ten", "twelve", "fifteen", "twenty"),
    "version": ("1.4", "2.0", "2.7", "3.1", "3.12", "10.2", "18.04", "22.1"),
    "program": ("the browser", "the mail client", "the editor", "the media player", "the backup tool", "the compiler"),
    "package": ("the audio driver", "the printer driver", "the network manager", "the font pack", "the database"),
    "file": ("the config file", "the log file", "the spreadsheet", "the archive", "the slide deck", "the readme"),
    "folder": ("the home folder", "the shared drive", "the downloads folder", "the project folder", "the team folder"),
    "device": ("the laptop", "the router", "the printer", "the scanner", "the second monitor", "the external disk"),
    "disk": ("the usb stick", "the external disk", "the sd card", "the backup disk", "the second disk"),
    "item": (
        "the lamp",
        "the desk",
        "the jacket",
        "the bicycle pump",
        "the kettle",
        "the notebook",
        "the rucksack",
    ),
    "food": ("pasta", "lentil soup", "rice", "a salad", "pancakes", "sandwiches", "potatoes", "an omelette"),
    "dish": ("the soup", "the stew", "the sauce", "the curry", "the rice", "the dough"),
    "drink": ("tea", "coffee", "orange juice", "water", "lemonade"),
    "shop": ("the bakery", "the hardware store", "the pharmacy", "the supermarket", "the post office", "the bookshop"),
    "place": ("the station", "the library", "the airport", "the town hall", "the museum", "the stadium", "the harbour"),
    "street": ("Mill Road", "Park Street", "the high street", "Station Road", "the ring road", "Church Lane"),
    "room": ("room 12", "the meeting room", "the basement", "the side room", "the front office", "the warehouse"),
    "colour": ("black", "white", "green", "grey", "red", "dark blue"),
    "amount": ("12 dollars", "30 dollars", "4.50", "about a hundred", "nineteen euros", "8 pounds"),
    "person": ("the landlord", "my manager", "the plumber", "the teacher", "the neighbour", "the receptionist"),
}

# Speaker and listener in turn; the last utterance is the response.
EXCHANGES: tuple[tuple[str, ...], ...] = (
    ("What time does {shop} open on {day}?", "At {hour}, I think. It closes at six."),
    ("Is {shop} still on {street}?", "No, it moved next to {place}."),
    ("How do I get to {place} from here?", "Take the number {number} bus and get off at {street}."),
    ("Does this bus go to {place}?", "No, you want the one across the street."),
    ("Which platform is the train to {place}?", "It says platform {number} on the board."),
    ("How far is {place}?", "About {number} minutes on foot, straight down {street}."),
    ("I would like to return {item}.", "Sure. Do you have the receipt?", "Yes, here it is.", "Refund or exchange?"),
    ("Do you have {item} in {colour}?", "Let me check. We have it in {colour} in the next size up."),
    ("How much is {item}?", "It is {amount}, tax included."),
    ("Can I pay by card?", "Yes, anything over {amount}."),
    ("Do you deliver to {street}?", "We do, on {day}, between {hour} and six."),
    ("I ordered {item} last week and want the order number.", "What name is the order under?"),
    ("A table for {number}, please.", "By the window or inside?", "Inside.", "Follow me, here is the menu."),
    ("I will have {food} and {drink}.", "Would you like anything else with that?"),
    ("What is in {dish} here?", "Onions, garlic, oil and a bit of pepper. The card on the wall has all of it."),
    ("How long does {dish} take?", "Around {number} minutes, then let it rest."),
    ("We are out of milk.", "Put it on the list, I go to {shop} on {day}."),
    ("Shall we have {food} tonight?", "We had that on {day}. There is rice in the cupboard."),
    ("Where do you keep the {colour} cups?", "Top shelf, left of the sink."),
    ("Could you bring {item} when you come?", "Okay. I will be there at {hour}."),
    ("When is the meeting?", "On {day} at {hour}, in {room}.", "Is it long?", "An hour at most. Bring {file}."),
    ("Did you send {file} to {person}?", "Yes, at {hour}. There is a copy in {folder}."),
    ("Can you book {room} for {day}?", "It is taken until {hour}. After that it is free."),
    ("Who has the key to {room}?", "Ask {person}, there is a spare one in the drawer."),
    ("Please print {number} copies of {file}.", "Single or double sided?"),
    ("The report needs {number} more pages.", "I will move the tables into the appendix."),
    ("What is the password rule here?", "At least {number} characters, with a digit."),
    ("My shift on {day} starts at {hour}.", "Mine starts an hour later, so I open the back door."),
    ("Is {person} in on {day}?", "Only in the morning. After {hour} you can leave a note."),
    ("I need to renew my library card.", "That is at the desk on the left. Bring an ID and {amount}."),
    ("How do I install {package}?", "Open the package manager, search for it and press install."),
    ("{package} says it needs version {version}", "which version do you have now?"),
    ("how do i check the version of {program}", "run it with --version, or look under help and then about"),
    ("{program} does not start after the update", "start it from a terminal and post the output"),
    ("i get error 404 when i download {package}", "the mirror moved, update your sources list first"),
    ("Where does {program} keep its settings?", "In a hidden folder in {folder}, one file a profile."),
    ("Can I open {file} in {program}?", "Only if it was saved as plain text. Export it first."),
    ("{device} is not found", "is it plugged in?", "yes, the light is on", "then load the driver and plug it in again"),
    ("How do I connect {device}?", "Hold the button for {number} seconds, then choose it from the list."),
    ("Does {device} work with version {version}?", "It should, the manual lists {version} and later."),
    ("i want to mount {disk} at boot", "add a line for it to fstab and use the uuid"),
    ("how do i make {file} executable", "chmod +x on it, then run it with ./ in front"),
    ("What is the shortcut for search in {program}?", "Control and F. Use control, shift and F for all files."),
    ("I copied {file} to {folder}, is that enough?", "No, run the import after that and restart {program}."),
    ("How big is {file}?", "About {number} megabytes. It fits into a mail if you zip it."),
    ("should i use a loop here", "a list comprehension is shorter, {number} lines less"),
    ("The test takes {number} minutes.", "Run them in parallel, there is a flag for it."),
    ("which port does {program} use", "8080 by default, you can set another one in {file}"),
    ("is there a package for {program}", "yes, since version {version}, it is in the main repository"),
    ("can i resize the partition without a reboot", "not if it is mounted, boot from a usb stick for that"),
    ("How often should I back up {folder}?", "Once a day is plenty. Keep {number} copies."),
    ("The parcel is at {shop}.", "I can pick it up on {day}. Which name is on it?"),
    ("What is the weather like on {day}?", "Cloudy, about {number} degrees, with some rain after {hour}."),
    ("Which bin is for glass?", "The {colour} one. They collect it on {day}."),
    ("I am painting {room} {colour}.", "You will need two coats and about {number} litres."),
    ("What size is {item}?", "{number} inches wide. It is on the label."),
    ("Is {item} still for sale?", "Yes, {amount}. Pick up near {place}."),
    ("When does the lease end?", "{person} sends a form for that, in {number} months or so."),
    ("The bill for {day} is {amount}.", "Split it in two and send me the number."),
    ("How do I get a parking permit for {street}?", "Fill in the form on the website, it takes {number} days."),
    ("How many chapters are there?", "There are {number}. We read up to the fourth by {day}."),
    ("What is the capital of Peru?", "Lima. It is on the coast."),
    ("How do you spell that?", "With two s and one c, as on the sign at {place}."),
    ("Which screws did you use for {item}?", "The {number} millimetre ones from {shop}."),
    ("The roller in {device} needs changing.", "It lasts {number} months. There is a spare in {room}."),
    ("Do I turn left after {place}?", "No, right, and then the second street.", "And then?", "Park behind {shop}."),
    ("I moved the appointment to {day}.", "At the same hour?", "No, at {hour}.", "Noted, see you in {room}."),
    ("A ticket to {place}, please.", "One way or return?", "Return.", "That is {amount}. It leaves at {hour}."),
    ("Which plan do I have?", "The basic one, {amount} a month.", "Can I change it?", "Yes, online, from {day} on."),
    ("what filesystem is on {disk}", "ext4", "can windows read that", "no, format it as exfat if you need both"),
    ("The menu of {program} is in German", "open preferences", "done", "choose language and then restart it"),
)


def invent_exchange(rng: Random) -> list[str]:
    """Utterances of one exchange: speaker and listener in turn, the last one the listener's response."""
    template = rng.choice(EXCHANGES)
    fillers = {slot: rng.choice(words) for slot, words in SLOTS.items()}
    turns = [_sentence_case(text.format(**fillers), text) for text in template]
    # Some people type without capitals and full stops.
    return [turn.lower().rstrip(".") for turn in turns] if rng.random() < 0.25 else turns


def _sentence_case(text: str, template: str) -> str:
    """A slot at the start of an utterance gets a capital, unless the template is typed without any."""
    typed_small = template == template.lower() and not template.endswith((".", "?"))
    return text if typed_small else text[0].upper() + text[1:]
