"""The editions of the site: what English and Russian pages print around their text, and how their captions are worded.

The words of labels stand in `english` and `russian`.
"""

from __future__ import annotations

import re

from tasks.formats import english, russian
from tasks.formats.edition import CaptionWords, Edition
from tasks.formats.furniture import DASH, GAP, Furniture

_ENGLISH_MONTHS = "January February March April May June July August September October November December"
_RUSSIAN_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"


def _months(names: str) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.split(), start=1)}


_ENGLISH_FURNITURE = Furniture(
    banner="Events",
    end_mark="Text version",
    status="Publication status",
    section_marks=("Published in sections:", "Published in section:"),
    published_mark="Publication date:",
    direct_link="Direct link:",
    announcement="Announcement,",
    relations={"See also": "see_also", "Additional": "additional"},
    facets={"Geography": "geography", "Topics": "topic", "Persons": "person"},
    months=_months(_ENGLISH_MONTHS),
    date=rf"(?P<month>{{month}}){GAP}(?P<day>\d{{1,2}}),{GAP}(?P<year>\d{{4}})",
    range=rf"(?P<month>{{month}}){GAP}(?P<day>\d{{1,2}})(?:,{GAP}(?P<year>\d{{4}}))?{GAP}?{DASH}{GAP}?"
    rf"(?:(?:{{month}}){GAP})?\d{{1,2}},{GAP}(?P<last_year>\d{{4}})",
    counter=rf"(\d{{1,4}}){GAP}of{GAP}(\d{{1,4}})",
    more=rf"(\d{{1,4}}){GAP}more",
    known_sections=frozenset(
        "News|Transcripts|Documents|Announcements|Accreditation|Trips|Speeches|Security Council|State Council"
        "|Commissions and Councils|Presidential Executive Office|Executive"
        " Office|Letters|Messages|Telegrams|Videos|Photos"
        "|Commissions|Councils|Structure|Interviews|Statements|Visits|Advisory bodies".split("|")
    ),
    sections_with_commas=("Council ", "Commission ", "Working ", "Interdepartmental ", "Organising ", "Committee "),
)

_RUSSIAN_FURNITURE = Furniture(
    banner="События",
    end_mark="Текстовая версия",
    status="Статус материала",
    section_marks=(
        "Опубликован в разделах:",
        "Опубликован в разделе:",
        "Опубликована в разделах:",
        "Опубликовано в разделах:",
    ),
    published_mark="Дата публикации:",
    direct_link="Ссылка на материал:",
    announcement="Анонс,",
    relations={"Смотрите также": "see_also", "Дополнительно": "additional"},
    facets={"География": "geography", "Темы": "topic", "Лица": "person"},
    months=_months(_RUSSIAN_MONTHS),
    date=rf"(?P<day>\d{{1,2}}){GAP}(?P<month>{{month}}){GAP}(?P<year>\d{{4}}){GAP}года",
    range=rf"(?P<day>\d{{1,2}})(?:{GAP}(?P<month>{{month}})(?:{GAP}(?P<year>\d{{4}}){GAP}года)?)?{GAP}?{DASH}{GAP}?"
    rf"\d{{1,2}}{GAP}(?P<last_month>{{month}}){GAP}(?P<last_year>\d{{4}}){GAP}года",
    counter=rf"(\d{{1,4}}){GAP}из{GAP}(\d{{1,4}})",
    more=rf"[Ее]щ[её]{GAP}(\d{{1,4}})",
    known_sections=frozenset(
        "Новости|Выступления и стенограммы|Документы|Анонсы|Аккредитация|Поездки|Совет"
        " Безопасности|Государственный Совет"
        "|Комиссии и Советы|Администрация Президента|Письма|Телеграммы|Интервью|Заявления|Структура|Видео|Фото".split(
            "|"
        )
    ),
    sections_with_commas=("Совет ", "Комиссия ", "Рабочая ", "Межведомственная ", "Организационный ", "Комитет "),
)

ENGLISH = Edition(
    language="en",
    host="en.kremlin.ru",
    furniture=_ENGLISH_FURNITURE,
    lexicon=english.LEXICON,
    captions=CaptionWords(
        photo="hoto",
        credit_re=re.compile(r"(?:^|(?<=\s))(Photos?(?::| by\b| courtesy of\b)|Photo and video:|Pool photo by\b)"),
        opening_re=re.compile(
            r"(?:With|At|Before|During|After|Following|Prior to|Ahead of|On board|Aboard|Near|Inside|Outside|Opening"
            r"|Closing|Meetings?|Visit(?:ing)?|Talking|Speaking|Presenting|Presentation|Ceremony|Signing|Awarding"
            r"|Laying|Wreath-laying|Joint|Press|News|Working|Informal|Expanded|Plenary|Unveiling|Launch(?:ing)?|Naming"
            r"|Parade|Reception|Gala|Concert|Address(?:ing)?|Statement|Statements|Talks|Tour|Inspecting|Watching"
            r"|Participants?|Heads of|Family photo|Group photo|Joint photo|Photo|Arrival|Departure|Celebrations?"
            r"|Session|Summit|Interview|Annual|Official|Congratulating|Greeting|Breakfast|Lunch|Dinner|Service|Divine"
            r"|Easter|Christmas|Russia[–-]|Russian[–-]|Telephone|Videoconference|Conversation|Exhibition|Congress"
            r"|Forum|Conference|Trilateral|Bilateral|Beginning of|Event|Military|Performance|Members? of|From left"
            r"|Left to right)\b"
        ),
        place_opening_re=re.compile(
            r"(?:With|At|Before|During|After|Following|Prior to|Ahead of|Meeting|Visiting|Talking|Presenting"
            r"|Presentation|Ceremony|Signing|Visit to|Plenary|Joint|Press|News|Participants)\b"
        ),
        sides_re=re.compile(r"[(,] ?(?:left|right|cent(?:re|er))[),. ]"),
        occasion_word_re=re.compile(r"\s(?:at|before|during|after|presents|addresses|addressing|speaking) "),
        speech_words=frozenset(
            "i we you our us my me your i’m i’ll i’ve i'm we’ve we’re we'll let let’s please thank thanks yes no"
            " colleagues friends mr ms mrs ours yours myself ourselves don’t that’s it’s".split()
        ),
        said=(
            " we ",
            " I ",
            " was ",
            " will ",
            " have ",
            " you ",
            " our ",
            " it ",
            " would ",
            "We ",
            " not ",
            " can ",
        ),
        past=frozenset(
            "was were had did said told met held spoke made took gave sent went came began begun became saw heard wrote"
            " paid brought thought knew got drew rose fell ran stood chose found kept lost meant sought shook showed"
            " plans appoints bans provides stipulates envisages establishes concern concerns envisage provide"
            " will would"
            " could should might cannot has have".split()
        ),
        verb_endings=(),
        participle_endings=("ed",),
        subject_ends=frozenset(
            "president presidents minister ministers leader leaders sides side parties participants he she they it who"
            " also both countries ceremony meeting talks summit chancellor emperor king governor state"
            " government".split()
        ),
        actors=frozenset("leaders presidents sides parties he she they".split()),
        participle_next=frozenset("to by in at on with for from as of between during and".split()),
        objects=frozenset("that the his her their its it".split()),
        lead_opening_re=re.compile(
            r"(?:The (?:two|message|telegram|document|documents|law|federal law|draft|purpose|conversation|exercise"
            r"|same|sides|parties|leaders|presidents|Presidents|Presidential|Executive Order|decree|order|instructions"
            r"|list|agreement|forum|event|summit’s|president|conference)\b|According to|In accordance|In view"
            r"|(?:During|After|Before|Following|At|On|Ahead of|Prior to)\b[^,.]{3,120}, (?:the|Vladimir|Dmitry|Mr|he"
            r"|it|they|both|President)\b|In (?:a|his|her|their|the course|this|addition|particular|turn)\b|Below\b"
            r"|Soon\b|As (?:part|a result)\b|It |This |There )"
        ),
        no_content=frozenset(
            "a an the of to in on at by for with and or from as after before during following left right centre center"
            " second third first meeting event held photo".split()
        ),
    ),
    spoken_sections=frozenset({"Transcripts", "Speeches", "Interviews", "Statements"}),
    place_words=frozenset(
        "of the and in on near at de del la le du da di el al am an der den upon en route aboard".split()
    ),
    place_ends=frozenset(
        "kremlin moscow petersburg sochi novo-ogaryovo gorki zavidovo region territory republic district"
        " sevastopol kazan"
        " yekaterinburg novosibirsk vladivostok kaliningrad volgograd murmansk samara ufa voronezh tula tver krasnodar"
        " rostov-on-don simferopol yalta novgorod khabarovsk irkutsk yakutsk pskov ryazan yaroslavl saratov perm omsk"
        " tomsk tyumen chelyabinsk krasnoyarsk grozny arkhangelsk minsk beijing astana tashkent yerevan"
        " bishkek dushanbe"
        " baku ashgabat ankara istanbul delhi hanoi pyongyang tehran geneva helsinki berlin paris rome"
        " london washington"
        " shanghai samarkand kiev brussels vienna".split()
    )
    | english.LEXICON.countries,
    no_place_openings=frozenset(
        "At With Before During After Following Meeting Meetings Talks Visiting Visit Awarding Presenting"
        " Presentation Signing Speech Speaking Opening Ceremony Address Beginning President Presidents Vladimir"
        " Prime Press Joint Statement Statements Transcript Excerpts Questions Answers Report Interview Conversation"
        " Telephone Session Working Closing Introductory Concluding Remarks Dmitry Mr Mrs Ms".split()
    ),
    heading_re=re.compile(
        r"(?:Speech|Address|Beginning|Opening|Closing|Concluding|Transcript|Excerpts?|Extracts?|Conversation"
        r"|Ceremony|Press|News"
        r"|Statements?|Remarks|Introductory|Answers|Replies|Meeting|Joint|Interview|Report|Toast|Message"
        r"|Final|Greetings?|Working"
        r"|Plenary|Talks|Part|Visit|Reception|Discussion|Verbatim|Comments?|Question|Second|First|Session)\b"
    ),
    open_ends=frozenset(
        "a an the of in on at to for with by from and or nor as into over under via between against during through"
        " about is are was were has have had will would be been who which that than its his her their our my"
        " your".split()
    ),
    sentence_openers=frozenset(
        "the a an this that these those he she it we they you i mr ms mrs his her its our their my your in on at as"
        " for from with to by after before during when while if since although though and but or so yes no thank"
        " please there here what who why how where not now then today yesterday later also next first second third"
        " finally colleagues friends let dear".split()
    ),
    patronymics=("vich", "vna"),
    attributes=("ern", "ian", "ese", "ish", "al", "ic", "united", "new", "saudi", "sri", "costa", "san", "st"),
    whole_names=frozenset(
        "united arab emirates|united states of america|armed forces|security council|nizhny novgorod|saint petersburg"
        "|security council of|great patriotic war|group of twenty|customs union|burkina faso".split("|")
    ),
)

RUSSIAN = Edition(
    language="ru",
    host="kremlin.ru",
    furniture=_RUSSIAN_FURNITURE,
    lexicon=russian.LEXICON,
    captions=CaptionWords(
        photo="ото",
        credit_re=re.compile(r"(?:^|(?<=\s))(Фото(?: и видео)?:)"),
        opening_re=re.compile(
            r"(?:С |Со |В |Во |На |Перед |После |Перед началом|Во время|Выступление|Встреча|Посещение|Заседание"
            r"|Совещание"
            r"|Церемония|Вручение|Подписание|Пресс-конференция|Переговоры|Заявления|Беседа|Осмотр|Открытие|Возложение"
            r"|Участник|Президент|Владимир|Дмитрий|Концерт|При[её]м|Парад|Форум|Выставка|Совместное фото|Расширенное)"
        ),
        place_opening_re=re.compile(
            r"(?:С |Со |На |Перед |После |Во время|Встреча|Посещение|Заседание|Совещание|Церемония|Вручение|Подписание"
            r"|Пресс-конференция|Переговоры|Заявления|Беседа|Осмотр|Открытие|Расширенное|Выступление)"
        ),
        sides_re=re.compile(r"[(,] ?(?:слева|справа|в центре)[),. ]"),
        occasion_word_re=re.compile(r"\s(?:на|в|во|перед|после|во время) "),
        speech_words=frozenset(
            "я мы вы нам нас вам вас наш наша наше наши вашу ваш ваша ваше ваши мне меня мой моя моё мои спасибо"
            " пожалуйста"
            " давайте здравствуйте уважаемый уважаемые коллеги друзья да нет хочу хотел хотела".split()
        ),
        said=(" мы ", " я ", " вы ", " Вы ", " нам ", " не ", " это ", " будет ", " нас ", "Мы "),
        past=frozenset("состоится состоятся примет примут проведёт посетит выступит будет будут".split()),
        verb_endings=("ал", "ил", "ел", "ёл", "ял", "ыл", "ла", "ли", "ло", "лся", "лась", "лось", "лись"),
        participle_endings=(),
        subject_ends=frozenset(),
        actors=frozenset(),
        participle_next=frozenset(),
        objects=frozenset(),
        lead_opening_re=re.compile(
            r"(?:Текст |В соответствии|В ходе|В частности|В совещании|В заседании|В мероприятии|Кроме того|Также |Как "
            r"|Речь |Обсужд|Состоя|По |Сегодня |Накануне |Указ|Глава государства|Федеральн)"
        ),
        no_content=frozenset(
            "и в во на по с со к ко о об от до из за для при во время перед после начала началом слева справа в центре"
            " встреча второй третий первый фото".split()
        ),
    ),
    spoken_sections=frozenset({"Выступления и стенограммы", "Стенограммы", "Выступления", "Интервью", "Заявления"}),
    place_words=frozenset(
        "в на и под при у имени им. область край район округ республика посёлок село город борту".split()
    ),
    place_ends=frozenset(
        "москва кремль санкт-петербург сочи ново-огарёво горки завидово область край округ республика севастополь"
        " казань екатеринбург новосибирск владивосток калининград волгоград мурманск самара уфа воронеж тула тверь"
        " краснодар ростов-на-дону симферополь ялта нижний новгород великий хабаровск иркутск якутск псков рязань"
        " ярославль саратов пермь омск томск тюмень челябинск красноярск грозный махачкала архангельск"
        " минск пекин астана ташкент ереван бишкек душанбе баку ашхабад анкара стамбул дели нью-дели ханой пхеньян"
        " тегеран женева хельсинки берлин париж рим лондон вашингтон шанхай самарканд".split()
    ),
    no_place_openings=frozenset(
        "На Перед После Во С Со Встреча Переговоры Посещение Выступление Церемония Президент Владимир Дмитрий Премьер"
        " Заявления Стенографический Выдержки Ответы Беседа Заседание Совещание Рабочая Вступительное Начало".split()
    ),
    heading_re=re.compile(
        r"(?:Выступление|Вступительное|Заключительное|Начало|Стенограмма|Стенографический|Выдержки|Беседа|Церемония"
        r"|Пресс-конференция|Заявления|Ответы|Встреча|Совместная|Интервью|Доклад|Тост|Обращение|Приветствие|Рабочая"
        r"|Пленарное|Переговоры|Часть|При[её]м|Дискуссия|Вопрос|Вторая|Первая)\b"
    ),
    open_ends=frozenset(
        "и в во на по с со к ко о об от до из за для при под над у между без через не а но или что как который которая"
        " которое которые его её их наш наша наше наши ваш ваша это этот эта эти".split()
    ),
    sentence_openers=frozenset(
        "и а но да нет мы вы я он она они оно это этот эта эти тот та те то в во на по с со к ко о об от до"
        " из за для при"
        " у уже ещё если когда где как что кто почему там тут здесь так такой также тоже потом сейчас"
        " сегодня завтра вчера"
        " спасибо пожалуйста уважаемый уважаемые дорогие коллеги друзья наш наша наше наши ваш ваша первое"
        " второе третье"
        " конечно кстати кроме после перед поэтому однако хотя пусть давайте".split()
    ),
    patronymics=("вич", "вна", "ична", "ьич", "оглы", "кызы", "улы", "уулу"),
    attributes=(
        "ая",
        "яя",
        "ое",
        "ее",
        "ые",
        "ый",
        "ий",
        "ой",
        "кие",
        "гие",
        "хие",
        "жие",
        "чие",
        "шие",
        "щие",
        "нние",
    ),
    whole_names=frozenset(
        "соединённые штаты америки|шри ланка|коста рика|нижний новгород|совет безопасности|государственный совет"
        "|государственная дума|совет федерации|северная осетия|буркина фасо|папуа новая гвинея".split("|")
    ),
)
