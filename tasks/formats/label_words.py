"""The words that labels of transcripts are made of, in the conventions of English-language newsrooms and parliaments.

Of other languages stand here what goes before a surname: without them `Herr Lind` would be one person everywhere.

Tables only, all in lower case: look up with `str.casefold`. No person stands here. The labels of the Kremlin's site,
which print whole offices, have tables of their own; here a label is a name, a title, or a word for nobody by name.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in text.split(",") if phrase.strip())


# Before a name, and no part of it.
HONORIFICS = _words(
    """
    mr mrs ms miss mx dr prof professor sir dame madam madame lord lady hon honourable honorable rev reverend fr sr
    herr herrn frau abg abgeordneter abgeordnete mme mlle monsieur mademoiselle señor señora señorita senhor senhora
    sra signor signora signore onorevole mevrouw dhr
    """
)

# Titles that stand before a name or, with `the`, alone. Of two words where the second alone is a title as well.
TITLES = _words(
    """
    president vice-president premier chancellor minister secretary undersecretary ambassador senator representative
    congressman congresswoman delegate commissioner chairman chairwoman chairperson chair chairlady speaker governor
    lieutenant mayor judge justice general admiral colonel major captain commander sergeant director administrator
    attorney counsel councilman councilwoman councilor councillor alderman superintendent sheriff chief king queen
    prince princess pope cardinal archbishop bishop rabbi imam pastor father sister brother deputy acting vice
    assistant first lady prime foreign ranking member presiding officer clerk president-elect coach principal dean
    provost solicitor inspector marshal treasurer comptroller parliamentarian reporter anchor host correspondent
    gov sen rep gen amb adm col lt capt sgt maj cmdr
    präsident präsidentin vizepräsident vizepräsidentin kanzler kanzlerin bundeskanzler bundeskanzlerin ministerin
    bundesminister bundesministerin staatssekretär staatssekretärin staatsminister staatsministerin bürgermeister
    bürgermeisterin oberbürgermeister oberbürgermeisterin
    président présidente ministre sénateur sénatrice député députée maire
    presidente presidenta ministro ministra diputado diputada senador senadora alcalde alcaldesa deputado deputada
    """
)
# Titles that stand alone behind `the` and name one person all the same.
OFFICES = _phrases(
    """
    acting chair, acting chairman, acting chairwoman, acting president pro tempore, acting speaker, attorney
    general, chair, chairman, chairperson, chairwoman, chancellor, chief justice, clerk, court, deputy speaker,
    first lady, foreign minister, governor, king, mayor, pope, president, president pro tempore, president-elect,
    presiding officer, prime minister, prime minister designate, queen, second gentleman, secretary,
    secretary-general, speaker, speaker pro tempore, vice chair, vice chairman, vice president, vice
    president-elect, witness
    """
)
# Nobody by name, though one knows who or what speaks.
GENERIC = _phrases(
    """
    a, administration official, aide, all, anchor, announcer, answer, applicant, attendee, audience, audience
    member, audience members, bailiff, caller, child, chorus of voices, clerk, client, co-host, cohost, commentator,
    congregation, coordinator, correspondent, counsel, court reporter, crowd, defense official, delegate, doctor,
    facilitator, guest, host, interpreter, interviewee, interviewer, interviewer 1, interviewer 2, journalist,
    leader, many voices, media, member, members, moderator, narrator, nurse, official, operator, panelist, participant,
    participants, patient, person, presenter, press, q, question, questioner, reporter, reporters, representative,
    frage, antwort, zwischenruf, moderatorin, moderateur, moderatrice, pregunta, respuesta, pergunta, resposta,
    domanda, risposta, vraag, antwoord,
    respondent, senator, senior administration official, senior defense official, senior military official, senior
    official, senior state department official, several, several voices, spokesperson, staff, staff member, staffer,
    student, teacher, the interpreter, the moderator, the operator, the press, the reporter, the stenographer, the
    videographer, therapist, translator, videographer, voice-over, voiceover, witness
    """
)
# Of these a label with a number or a sign is one more: `SPEAKER 2`, `AIDE #1`.
UNKNOWN = _phrases(
    """
    an hon member, boy, female, female speaker, female voice, girl, hon member, hon members, male, male speaker,
    male voice, man, man's voice, off-camera voice, several hon members, several members, some hon members, speaker,
    unidentified, unidentified actor, unidentified actress, unidentified child, unidentified female, unidentified
    journalist, unidentified male, unidentified man, unidentified member, unidentified official, unidentified
    participant, unidentified person, unidentified questioner, unidentified reporter, unidentified speaker,
    unidentified voice, unidentified woman, unknown, unknown speaker, voice, voices, woman, woman's voice
    """
)
NUMBERED = _words(
    """
    speaker participant aide voice caller interviewer interviewee reporter official man woman male female panelist
    moderator guest host person student member unidentified respondent juror witness operator question questioner
    """
)

# Before a colon, and never a speaker: heads of letters and records, notices, parts of a paper, script directions.
NO_LABELS = _phrases(
    """
    absent, abstract, act, action, action item, action items, actions, address, advantages, advertisement, again,
    age, agenda, aim, also, also present, amount, and, annex, answers, apologies, appendix, args, arguments,
    article, attachment, attachments, attendance, attendees, attention, audio, author, authors, ayes, background,
    background information, balance, bcc, begin, beginning, begins, bibliography, breaking, breaking news, bridge,
    but, by, caption, case, cast, categories, category, cause, caution, cc, cell, chapter, characters, chart,
    chorus, clarification, closing remarks, comment, comments, conclusion, cons, contact, contacts, content warning,
    content-disposition, content-id, content-transfer-encoding, content-type, changes, commits, improvements,
    copyright, corollary, correction, cost, credit, credits, critical, cut to, danger, date, dated, day, dear,
    debug, decision, decisions, default, definition, developing, directions, disadvantages, disclaimer, discussion,
    dissolve to, duration, e-mail, e.g, editor's note, editors’ note, editor’s note, effect, email, embargoed,
    enclosure, enclosures, end, error, etymology, example, examples, exclusive, exhibit, ext, ext., fact, facts,
    fade in, fade out, fatal, fax, features, feedback, fifth, fig, figure, file, filed, filed under,
    files, fixes, finally, first, first name, five, fixme, for immediate release, four, fourth, from, ftp,
    further information, gender, goal, goals,
    guests, he, here, hint, hosts, how, http, https, i, i.e, id, image, images, immediate release, important, info,
    ingredients, input, installation, instructions, int, int., interviewers, intro, introduction, issue, issues, it,
    item, items, key, keyword, keywords, last, last name, lemma, length, license, link, links, listen, listen live,
    live, location, look, mail, meanwhile, media contact, members present, method, minutes, mobile, moderators,
    month, more, more info, motion, myth, n.b., name, names, nationality, nays, nb, next, no, noes, note, notes,
    notice, now, number one, number two, object, objective, objectives, occupation, ok, okay, one, opening remarks,
    opening statement, option, options, or, order, output, outro, overview, p.p.s., p.s, p.s., page, pages,
    panelists, parameter, parameters, part, phone, photo, photos, picture, place, plural, point one, point two,
    posted, pps, present, press contact, price, problem, problems, pronunciation, proof, pros, ps, published,
    purpose, quantity, question number, questions, quote, quotes, raises, re, read more, reason, reasons,
    recommendation, recommendations, recorded, ref, reference, references, refrain, regards, related, released,
    remark, remarks, remember, report, requirements, resolution, resolved, result, results, return, returns, rule,
    rules, scene, scope, second, section, see, see also, serves, setting, seven, sex, she, sincerely, site, six,
    smash cut, so, solution, solutions, source, sources, speakers, spoiler, staff present, start, statement,
    statements, status, step, steps, stop, strengths, subject, subject line, subtitle, subtotal, summary, synonyms,
    synopsis, table, tag, tags, tel, telephone, testimony, that, then, theorem, there, these, they, third, this,
    those, three, time, times, tip, tips, title, to, todo, topic, topics, total, trace, transcribed by,
    transcriber's note, transcriber’s note, transcript, transcript note, transcription, translated by, translation,
    translation note, trigger warning, truth, two, type, update, updated, updates, url, usage, value, venue, verse,
    version, video, volume, vote, warn, warning, watch, we, weaknesses, web, website, week, well, what, when, where,
    whereas, which, who, why, witnesses, year, yeas, yes, yield, yields, you
    """
)

# What may stand small inside a label.
PARTICLES = _words(
    """
    of the de da do dos das di du del della der den des la le lo van von zu zur ter ten al el bin ibn bint ben abu
    and for y e at in on to jr sr d’ d' with from
    """
)

# Words that say what is heard or seen, not said: what stands in a bracket with one of them is a stage direction.
STAGE_WORDS = _words(
    """
    laughter laugh laughs laughing laughed chuckle chuckles chuckling giggles applause applauds applauding cheers
    cheering clapping claps boos booing music sings singing sung crosstalk cross-talk cross talk pause pauses
    silence sighs sigh coughs coughing sneezes gasps groans whistles whistling crying cries weeping sobs sniffs
    screams screaming shouting shouts yelling chanting chants bell bells gong phone ringing rings knocking knock
    noise static recess break moment video clip audio plays played playing begin end begins ends ended
    unintelligible inaudible indiscernible standing ovation gavel signing signs handshake exchange gestures
    gesturing nods nodding interruption interrupted interposing technical difficulty difficulties commercial
    whereupon instructions indicating indicates complies reviews reviewing
    interpreted interpretation translated translation continuing witness witnesses sworn slide photo
    """
)
# Of these, those that stand for words which were not understood: inside a sentence they belong to it.
UNHEARD = _words(
    """
    inaudible unintelligible indiscernible
    """
)
