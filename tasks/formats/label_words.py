"""The words that labels of transcripts are made of, in the conventions of English-language newsrooms and parliaments.

Tables only, all in lower case: look up with `str.casefold`. No person stands here. `labels` has tables of its own for the
labels of the Kremlin's site, which print whole offices; here a label is a name, a title, or a word for nobody by name.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split(",") if phrase.strip())


# Before a name, and no part of it.
HONORIFICS = _words("mr mrs ms miss mx dr prof professor sir dame madam madame lord lady hon rev reverend fr sr")

# Titles that stand before a name or, with `the`, alone. Of two words where the second alone is a title as well.
TITLES = _words(
    """
    president vice-president premier chancellor minister secretary undersecretary ambassador senator representative
    congressman congresswoman delegate commissioner chairman chairwoman chairperson chair chairlady speaker
    governor lieutenant mayor judge justice general admiral colonel major captain commander sergeant director
    administrator attorney counsel councilman councilwoman councilor councillor alderman superintendent
    sheriff chief king queen prince princess pope cardinal archbishop bishop rabbi imam pastor father sister
    brother deputy acting vice assistant first lady prime foreign ranking member presiding officer clerk
    president-elect coach principal dean provost solicitor inspector marshal treasurer comptroller
    parliamentarian reporter anchor host correspondent
    """
)
# Titles that stand alone behind `the` and name one person all the same.
OFFICES = _phrases(
    "president, vice president, first lady, second gentleman, prime minister, chairman, chairwoman, chairperson, chair,"
    " speaker, court, clerk, witness, presiding officer, vice chairman, vice chair, acting chair, acting chairman, acting"
    " chairwoman, chancellor, king, queen, pope, president pro tempore, speaker pro tempore, acting president pro"
    " tempore, chief justice, secretary, governor, mayor, attorney general, secretary-general, acting speaker,"
    " president-elect, vice president-elect, prime minister designate, foreign minister, deputy speaker"
)
# Nobody by name, though one knows who or what speaks.
GENERIC = _phrases(
    "q, a, question, answer, questioner, moderator, operator, reporter, reporters, interviewer, interviewee, host, co-host,"
    " cohost, guest, narrator, announcer, anchor, audience, audience member, interpreter, translator, participant,"
    " participants, aide, staff, staffer, staff member, official, senior administration official, senior official,"
    " administration official, senior defense official, senior state department official, defense official,"
    " senior military official, press, the press, crowd, all, clerk, coordinator, facilitator, presenter, caller,"
    " correspondent, journalist, spokesperson, several voices, several, many voices, chorus of voices, panelist,"
    " respondent, applicant, the interpreter, the moderator, the operator, the reporter, the stenographer, bailiff,"
    " videographer, the videographer, voice-over, voiceover, commentator, interviewer 1, interviewer 2, client,"
    " therapist, patient, doctor, nurse, student, teacher, witness, counsel, attendee, member, delegate, senator,"
    " representative, the reporter, members, congregation, leader, audience members, court reporter, child, person"
)
# Of these a label with a number or a sign is one more: `SPEAKER 2`, `AIDE #1`.
UNKNOWN = _phrases(
    "speaker, unidentified speaker, unknown speaker, unknown, unidentified, unidentified male, unidentified female,"
    " unidentified man, unidentified woman, male speaker, female speaker, male, female, man, woman, male voice, female"
    " voice, voice, voices, unidentified person, unidentified participant, unidentified reporter, unidentified voice,"
    " man's voice, woman's voice, off-camera voice, unidentified questioner, unidentified official, boy, girl,"
    " unidentified child, unidentified journalist, unidentified member, unidentified actor, unidentified actress"
)
NUMBERED = _words(
    "speaker participant aide voice caller interviewer interviewee reporter official man woman male female panelist"
    " moderator guest host person student member unidentified respondent juror witness operator question questioner"
)

# Before a colon, and never a speaker: heads of letters and records, notices, parts of a paper, script directions.
NO_LABELS = _phrases(
    "note, notes, nb, n.b., subject, re, to, from, cc, bcc, date, dated, time, times, location, place, venue, where, when,"
    " what, who, why, how, which, email, e-mail, mail, phone, telephone, tel, mobile, cell, fax, contact, contacts, media"
    " contact, press contact, source, sources, title, subtitle, summary, synopsis, abstract, keywords, keyword, topic,"
    " topics, tag, tags, category, categories, author, authors, by, url, link, links, website, web, site, http, https, ftp,"
    " p.s, p.s., ps, pps, p.p.s., warning, caution, danger, important, attention, notice, update, updated, updates, editor's"
    " note, editor’s note, editors’ note, correction, clarification, disclaimer, example, examples, e.g, i.e, figure,"
    " fig, table, chart, chapter, section, part, volume, page, pages, appendix, annex, article, act, scene, int, ext, int.,"
    " ext., fade in, fade out, cut to, dissolve to, smash cut, setting, cast, characters, present, also present, absent,"
    " attendees, attendance, apologies, agenda, minutes, item, items, action, actions, action item, action items, decision,"
    " decisions, motion, vote, ayes, noes, nays, yeas, duration, length, recorded, published, posted, released, filed,"
    " filed under, copyright, photo, photos, video, audio, image, images, picture, caption, credit, credits, transcript,"
    " transcription, transcribed by, translation, translated by, input, output, todo, fixme, hint, tip, tips, remember,"
    " step, steps, day, week, month, year, verse, chorus, bridge, refrain, intro, outro, name, names, first name, last name,"
    " address, age, sex, gender, occupation, nationality, ingredients, directions, method, instructions, serves, yield,"
    " price, cost, total, subtotal, amount, balance, quantity, error, warn, info, debug, trace, fatal, critical, usage,"
    " options, option, returns, return, args, arguments, parameters, parameter, raises, yields, type, default, value,"
    " key, id, status, version, license, requirements, installation, features, see, see also, related, more, read more,"
    " advertisement, dear, sincerely, regards, first, second, third, fourth, fifth, last, finally, next, then, one, two,"
    " three, four, five, six, seven, number one, number two, point one, point two, again, now, well, look, listen, yes, no,"
    " okay, ok, so, but, and, or, here, there, this, that, these, those, it, he, she, they, we, you, i, also, meanwhile,"
    " result, results, conclusion, introduction, background, overview, purpose, goal, goals, objective, objectives, aim,"
    " scope, reason, reasons, problem, problems, solution, solutions, fact, facts, myth, truth, issue, issues, discussion,"
    " comment, comments, feedback, recommendation, recommendations, quote, quotes, breaking, breaking news, developing,"
    " live, exclusive, watch, listen live, more info, further information, background information, for immediate release,"
    " immediate release, embargoed, end, start, begin, begins, beginning, stop, speakers, hosts, guests, panelists,"
    " moderators, interviewers, questions, answers, remarks, statement, statements, testimony, opening remarks, closing"
    " remarks, opening statement, witnesses, members present, staff present, subject line, attachments, attachment,"
    " enclosure, enclosures, reference, references, ref, bibliography, order, report, resolution, whereas, resolved,"
    " translation note, transcript note, transcriber's note, transcriber’s note, content warning, trigger warning, spoiler,"
    " pros, cons, advantages, disadvantages, strengths, weaknesses, question number, cause, effect, rule, rules, theorem,"
    " lemma, proof, definition, corollary, remark, case, exhibit, object, synonyms, etymology, plural, pronunciation"
)

# What may stand small inside a label.
PARTICLES = _words(
    "of the de da do dos das di du del della der den des la le lo van von zu zur ter ten al el bin ibn bint ben abu and for"
    " y e at in on to jr sr d’ d' with from"
)

# Words that say what is heard or seen, not said: what stands in a bracket with one of them is a stage direction.
STAGE_WORDS = _words(
    """
    laughter laugh laughs laughing laughed chuckle chuckles chuckling giggles applause applauds applauding cheers
    cheering clapping claps boos booing music sings singing sung crosstalk cross-talk cross talk pause pauses silence
    sighs sigh coughs coughing sneezes gasps groans whistles whistling crying cries weeping sobs sniffs screams screaming
    shouting shouts yelling chanting chants bell bells gong phone ringing rings knocking knock noise static
    recess break moment video clip audio plays played playing begin end begins ends ended unintelligible inaudible indiscernible
    standing ovation gavel signing signs handshake exchange gestures gesturing nods nodding interruption interrupted
    interposing technical difficulty difficulties commercial whereupon interpreted interpretation translated translation continuing witness witnesses sworn slide photo
    """
)
# Of these, those that stand for words which were not understood: inside a sentence they belong to it.
UNHEARD = _words("inaudible unintelligible indiscernible")
