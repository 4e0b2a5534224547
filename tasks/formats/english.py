"""English: the words of labels, and what en.kremlin.ru prints around its texts."""

from __future__ import annotations

from tasks.formats.lexicon import Lexicon, words

# A speaker without a name. A label may add who or where: `Question (via interpreter)`, `Voice from the audience`.
_GENERIC = words(
    """
    question questions remark remarks reply replies answer answers response retort comment voice voices
    exclamation exclamations shouts audience commentator participant participants interpreter translator moderator
    host presenter anchor
    announcer narrator journalist journalists correspondent correspondents reporter reporters interviewer
    speaker unidentified chorus everyone all crowd girls boys women men students schoolchildren workers veterans
    officers soldiers residents together spectator spectators viewer listener student schoolchild pupil worker
    veteran soldier officer doctor teacher girl boy woman man child children resident q a
    """
)
# Phrases that open like a sentence and are labels all the same.
_GENERIC_PHRASES = frozenset(
    (
        "from the audience",
        "a voice from the audience",
        "a voice from the floor",
        "from the floor",
        "from the hall",
        "in chorus",
        "in unison",
        "all together",
        "off camera",
    )
)
# Of these, words for what is said: they are no role, whoever is named behind them.
_UTTERANCES = words(
    "question questions remark remarks reply replies answer answers response retort comment voice voices exclamation"
    " exclamations shouts audience chorus everyone all together q a"
)
# Behind the name of a paper or channel: `Lessk Weekly correspondent`.
_REPORTERS = words("correspondent journalist reporter presenter anchor")
# What may follow a generic speaker: `Question from the audience`, `Remark off-mike`.
_GENERIC_LINKS = words("from in by of to off at via for on and off-mike through without (")
# Words that may come between: `Off-screen voice`, `Female voice`, `Second question`.
_GENERIC_ADJECTIVES = words(
    "off-screen off female male loud several various unknown unidentified another first second third next foreign"
    " young old"
    " voice question audience"
)

_HONORIFICS = words("mr mr. mrs mrs. ms ms. miss dr dr. prof. sir madam h.e.")

# Heads of a role: what somebody is. Inside a label they can be capitalised; a name never is one of them.
_ROLES = words(
    """
    academician accountant activist actor actress adjutant administrator admiral adviser advisor advocate
    agronomist aide ambassador anchor anchorman anchorwoman announcer apprentice archbishop archimandrite
    architect archpriest artist assistant astronaut athlete attorney author ayatollah baron biathlete biker
    biologist bishop blogger boxer brigadier builder businessman businesswoman candidate captain cardinal
    caretaker carpenter ceo cfo chair chairman chairperson chairwoman chancellor chaplain chargé chemist chief
    choreographer citizen coach co-author co-chair co-chairman co-chairperson co-founder co-host co-owner
    co-president collector colonel columnist commandant commander commander-in-chief commentator commissioner
    commissar composer conductor constable consul coordinator co-ordinator correspondent cosmonaut councillor
    counsellor count craftsman crane-operator curator cutter czar dancer deacon dean delegate deputy designer
    developer diplomat director director-general doctor driver duke economist editor editor-in-chief electrician
    emir emperor employee empress engineer entrepreneur envoy erector executive expert explorer farmer father
    fighter figure-skater filmmaker fireman fitter foreman founder general general-director general-secretary geologist
    governor graduate grandmaster guardian guide gymnast head headmaster headmistress headteacher hero historian
    hockey-player host hostess imam interviewer inventor investigator investor journalist judge jurist justice
    king lady lawyer leader lecturer librarian lieutenant locksmith machinist major manager marshal master mayor
    mechanic medic member merchant metallurgist metropolitan midwife miner minister moderator monarch mother mp
    mufti musician negotiator nurse observer officer official ombudsman operator organiser organizer owner
    painter paramedic participant partner pastor pathologist patriarch patriarch’s pediatrician pensioner
    performer philosopher photographer physician physicist pianist pilot plenipotentiary poet pope postgraduate
    prefect premier presenter president presiding priest prime prince princess principal producer professor
    programmer prosecutor provost publicist publisher queen rabbi rapporteur rector referee registrar rep
    reporter representative researcher resident restorer retiree sailor schoolchild schoolgirl schoolboy
    scientist screenwriter sculptor secretary secretary-general seaman senator senior serviceman servicewoman
    sergeant shareholder sheikh sheikha shah ship-fitter singer skater skier skipper soldier soloist spokesman
    spokesperson spokeswoman sportsman sportswoman statesman student sultan superintendent supervisor surgeon
    teacher technician technologist tenor toolmaker tourist trader trainee trainer translator treasurer trustee
    turner tutor undergraduate undersecretary vice-chairman vice-chancellor vice-governor vice-mayor
    vice-minister vice-premier vice-president vice-rector vice-speaker vicar veteran veterinarian victim
    villager violinist virologist volunteer warden welder winner worker workman wrestler writer youth-leader
    champion olympian paralympian medallist medalist laureate speaker first second acting former ex-president
    ex-minister interim honorary permanent special private corporal ensign midshipman cadet warrant
    cosmonaut-tester instructor majesty highness excellency holiness eminence beatitude bailiff taoiseach regent
    viceroy
    """
)

# Bodies, territories and attributes that stand capitalised in a role and never in a name.
_BODIES = words(
    """
    academy accounts administration affairs agency air airlines airport alliance army aspect assembly assistance
    association atomic audit authority bank banking board branch brigade broadcasting building bureau business
    cabinet camp capital care catholic central centre center chamber channel charity chemical church circle city
    civil club coalition college command commerce commission commissions committee communications communist
    community companies company concern confederation conference congress conservatory constitutional consortium
    construction consumer control cooperation co-operation corporation corps cossack council councils country
    court credit crisis cultural culture customs daily defence defense democracy democratic demographic
    department departments development digital diocese directorate disaster district division domestic duma
    economic economics economy education educational election elections electoral elementary emergencies
    emergency emirates energy enterprise entrepreneurs entrepreneurship environment environmental eurasian
    european exchange executive expert export external faction factory faculty family farm federal federation
    female film finance financial fleet food football for force forces foreign forest forestry forum foundation
    front fuel fund gas gazette general government governors group guard hall healthcare health heritage high
    higher highway history hockey holding home hospital house housing human humanitarian immunology import
    industrial industrialists industries industry information infrastructure initiatives innovation inspectorate
    institute institution insurance integration intelligence interior international internet invest
    investigative investment investments islamic jewish joint journal judicial kingdom kremlin labor labour land
    law league legal legislative liberal library life limited local logistics lower machine magazine main
    management manufacturing maritime market mass media medical medicine meeting metallurgical metal migration
    military mining ministers ministry monitoring motor movement municipal museum music muslim muslims national
    nations natural naval navy network news newspaper nuclear ocean of office oil olympic ombudsman operations
    operator opera order organisation organization organisations orthodox panel parliament parliamentary
    parliamentarians partnership party patriarchate peace pension people people’s peoples petroleum
    pharmaceutical philharmonic physical plant plenary plenipotentiary police policy political pool popular port
    power presidential presidium press primary private procurement production professional programme project
    projects property protection public publishing radio railway railways region regional register registry
    regulation relations religious reporters republic reserve research resources rights road russian rural
    safety schools school science sciences scientific seaport sector security selection service services session
    shipbuilding shipyard social socialist society soviet space sports state station statistics steel strategic
    structure studio summit supervision supervisory supreme surveillance svyaz system tax taxation team
    technical technological technologies technology telecom telecommunications television territorial territory
    theatre theater the tourism town trade training transport transportation treasury tribunal troops trust tv
    union united university upper urban village volunteers war watch water weekly welfare world youth zone
    anti-corruption anti-monopoly antimonopoly all-russia all-russian republican agricultural agriculture
    agrarian agro-industrial aviation aerospace aircraft airborne automotive automobile coal carriage chess
    cinema cinematographers circus clinic clinical cluster coast cosmodrome diesel electric electrical
    electronics engine engineering equipment exhibition festival fisheries fishery gallery gazeta grid
    helicopter helicopters hydro hydropower innovations jsc llc ltd inc pjsc plc laboratory lyceum gymnasium
    metro missile mosque monastery parish paralympic cathedral pipeline polytechnic satellite sea shipping shop
    sport stadium supply support systems technopark tractor universities vessel vocational warship wagon
    workshop
    """
)

# Countries and unions whose names stand between a role and a name: `President of Serbia …`. Also as adjectives.
_COUNTRIES = words(
    """
    abkhazia afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas
    bahrain bangladesh barbados belarus belgium belize benin bhutan bolivia botswana brazil brunei bulgaria
    burundi cambodia cameroon canada chad chile china colombia comoros congo croatia cuba cyprus czechia denmark
    djibouti dominica ecuador egypt eritrea estonia eswatini ethiopia fiji finland france gabon gambia germany
    ghana greece grenada guatemala guinea guinea-bissau guyana haiti honduras hungary iceland india indonesia
    iran iraq ireland israel italy jamaica japan kazakhstan kenya kiribati korea kosovo kuwait kyrgyzstan laos
    latvia lebanon lesotho liberia libya liechtenstein lithuania luxembourg macedonia madagascar malawi malaysia
    maldives mali malta mauritania mauritius mexico moldova monaco mongolia montenegro morocco mozambique
    myanmar namibia nauru nepal netherlands nicaragua niger nigeria norway oman pakistan palau palestine panama
    paraguay peru philippines poland portugal qatar romania russia rwanda samoa senegal serbia seychelles
    singapore slovakia slovenia somalia spain sudan suriname sweden switzerland syria tajikistan tanzania
    thailand togo tonga transnistria tunisia turkey türkiye turkiye turkmenistan tuvalu uae uganda uk ukraine
    uruguay usa uzbekistan vanuatu vatican venezuela vietnam yemen yugoslavia zambia zimbabwe ussr eu un nato
    cis csto sco brics oscv osce opec eaeu britain england scotland herzegovina ossetia africa america asia
    europe eurasia burkina faso verde crimea tatarstan bashkortostan chechnya dagestan daghestan ingushetia
    kalmykia karelia chuvashia udmurtia mordovia buryatia yakutia khakassia tuva adygea komi moscow petersburg
    sevastopol arabia lanka zealand rica leone marino states kingdom emirates ivory
    """
)
_ADJECTIVES = words(
    """
    afghan algerian american argentine argentinian armenian australian austrian azerbaijani belarusian belgian
    bolivian brazilian british bulgarian canadian chilean chinese colombian croatian cuban cypriot czech danish
    dutch egyptian estonian ethiopian finnish french georgian greek hellenic hungarian indian indonesian iranian
    iraqi irish israeli italian japanese jordanian kazakh kazakhstani kenyan kuwaiti kyrgyz latvian lebanese
    libyan lithuanian malaysian mexican moldovan mongolian moroccan nigerian norwegian pakistani palestinian
    peruvian polish portuguese qatari romanian russian saudi serbian singaporean slovak slovenian spanish
    swedish swiss syrian tajik thai tunisian turkish turkmen ukrainian us uzbek venezuelan vietnamese yugoslav
    northern southern eastern western north-western northwestern far volga siberian ural urals caucasian
    """
)
# Countries that are given names or surnames too: a place only after `of`.
_AMBIGUOUS_COUNTRIES = words("georgia jordan chad israel kenya cyprus alania novgorod duma")

# Particles inside a name, and those that join the words around them into one surname.
_PARTICLES = words(
    "al el bin ibn bint ben abu abdul abd de da do dos das du di del della der den des la le lo van von zu zur ter ten"
    " ould uld oglu ogly kyzy y e i"
)
_NAME_SUFFIXES = words("jr jr. sr sr. i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii")

# Words of sentences: no label holds one. Each was chosen because a label cannot hold it, whatever its role is.
_SENTENCE_WORDS = words(
    """
    you he she it we they me him us them my your his her its their mine yours ours theirs myself yourself this
    these that those there here who whom whose which what when where why how is are was were be been being am
    isn’t aren’t has had having do does did done don’t doesn’t didn’t will would shall should can could may
    might must ought let let’s please thank thanks yes yeah hello dear if because although though while since
    until unless but yet nor so thus hence therefore however moreover also too very just only even still already
    again always never often said says saying say told tells tell asked asks ask reads read stated states noted
    notes wrote writes writes: stressed added adds continued explained followed follows following including
    include includes need needs want wants know knows think thinks see sees look looks like means mean went go
    goes going come comes came make makes made take takes took give gives gave get gets got put puts find finds
    found believe believes hope hopes much more most some any every each both few several such another other
    others example namely e.g i.e quote unquote instance today tomorrow yesterday now then later earlier ago
    soon not no none nothing it’s that’s there’s here’s i’m i’ve i’ll i’d we’re we’ve we’ll we’d you’re you’ve
    they’re he’s she’s what’s our
    """
)
# Roles, bodies and countries that are surnames too: `Ada King`. At the end of a label, behind a name, they are names.
_SURNAMES = words(
    """
    king major pope prince judge marshal bishop baker cook farmer fisher miner painter singer turner carpenter
    mason knight page young day law hall church power long best small good west north east south england holland
    ireland france jordan israel cross field rice stone wood bank park house fox hunter palmer forest guard
    """
)
# Capital words that open sentences, headings and lists, and are no given names.
_NO_NAMES = words(
    """
    early late mid a an the another one two three four five six seven eight nine ten next finally firstly
    secondly thirdly fourth fifth third last final total overall key main new old young good great best big
    small large important indeed well right ok okay sure so or and as at by in on to up with without within from
    about above after before against among around between during despite besides regarding concerning meanwhile
    furthermore nevertheless naturally obviously clearly certainly generally incidentally conclusion summary
    result results reason reasons problem problems issue issues task tasks goal goals objective point points
    proposal proposals suggestion idea topic subject item agenda date time place venue email e-mail phone
    telephone tel fax address website site url http https www link photo photos video audio source sources text
    title heading note notes notice attention warning update addresses speech statement report reports message
    messages letter telegram greeting greetings decree order law act article agreement treaty declaration list
    annex appendix page chapter section part victory day anniversary year years month week hour morning evening
    afternoon night friends colleagues ladies gentlemen comrades brothers sisters citizens guests dears mr
    colleague friend sirs madame monsieur god lord bless truth reality breakthrough
    """
)

LEXICON = Lexicon(
    territory_endings=(),
    initials_prove=False,
    generic=_GENERIC,
    generic_phrases=_GENERIC_PHRASES,
    utterances=_UTTERANCES,
    reporters=_REPORTERS,
    generic_links=_GENERIC_LINKS,
    generic_adjectives=_GENERIC_ADJECTIVES,
    honorifics=_HONORIFICS,
    roles=_ROLES,
    bodies=_BODIES,
    countries=_COUNTRIES,
    adjectives=_ADJECTIVES,
    ambiguous_countries=_AMBIGUOUS_COUNTRIES,
    particles=_PARTICLES,
    name_suffixes=_NAME_SUFFIXES,
    sentence_words=_SENTENCE_WORDS,
    surnames=_SURNAMES,
    no_names=_NO_NAMES,
    role_suffixes=(
        "er",
        "or",
        "ist",
        "man",
        "woman",
        "ian",
        "ant",
        "ent",
        "eer",
        "chief",
        "head",
        "ess",
        "mate",
        "smith",
        "wright",
    ),
    no_role_suffixed=words(
        "other another rather whether however further after under over never ever for nor or per order matter"
        " number later former longer better greater higher lower water power winter summer paper letter october"
        " november december september different important recent current urgent content moment event percent parent"
        " government development department agreement document movement environment statement settlement investment"
        " treatment human woman german western eastern major minor sector factor labor color error favour honor"
        " doctor-general cent spent went sent american russian christian italian answer offer center center‑ silver"
        " river border quarter computer weather"
    ),
    role_links=words("of the at for in and to with from on under & by de"),
    whole_bodies=words(
        "commission council committee republic federation kingdom union emirates parliament government assembly"
        " organisation organization community league state states nations"
    ),
    territorial=words(
        "king queen prince princess emir sultan sheikh grand duke patriarch metropolitan pope archbishop bishop"
        " crown shah emperor empress"
    ),
    territories=words("region territory republic area district city"),
    little_names=words("to an so on in as by or up at"),
    styles=words("majesty highness excellency holiness eminence beatitude royal serene imperial all-holiness"),
    possessives=words("his her your their"),
    telling_words=words("is are was were has have had will would we it this that they you our not can said reads"),
    openers=words(
        "the a an and but so or as in at on to with for from by after before about during according regarding"
        " concerning speaking asked answering following dear"
    ),
)
