/* What the node answers, as docs/openapi.yaml says it. Unknown members are ignored: more may come. */
export type Status = 'ACTUAL' | 'EXERCISE';
export type Urgency = 'IMMEDIATE' | 'EXPECTED' | 'ROUTINE';
export type CaseState = 'OPEN' | 'CLOSED' | 'RETRACTED' | 'EXPIRED';
export type Step = 'QUEUED' | 'DELIVERED' | 'SHOWN' | 'ACKNOWLEDGED' | 'DECLINED' | 'ERASED';
export type ReplyKind = 'SIGHTING' | 'QUESTION' | 'ANSWER' | 'ACTING' | 'NOTHING_HERE' | 'MESSAGE';

export interface Session {
    user: string;
    role: 'operator' | 'supervisor' | 'it' | 'read-only';
    csrf: string;
    may?: string[];
    kind?: string;
    expires_at?: string;
}

export interface Person {
    given_name?: string;
    aliases?: string[];
    family_name?: string;
    family_name_hidden?: boolean;
    transliterations?: { script?: string; given_name?: string; family_name?: string }[];
    age_years?: number;
    age_min_years?: number;
    age_max_years?: number;
    age_basis?: string;
    birth_date?: string;
    sex?: string;
    nationalities?: string[];
    languages?: string[];
    height_cm?: number;
    build?: string;
    hair?: { colour?: string; length?: string; style?: string; detail?: string };
    eyes?: string;
    skin_tone?: string;
    glasses?: boolean;
    marks?: { kind?: string; place?: string; side?: string; detail?: string }[];
    clothing?: { item?: string; colour?: string; second_colour?: string; detail?: string }[];
    detail?: string;
    medical_needs?: { need?: string; within_hours?: number; detail?: string }[];
}

export interface Photo {
    name?: string;
    thumbnail?: string;
    width_px?: number;
    height_px?: number;
    taken_on?: string;
    looks_different_now?: boolean;
    detail?: string;
    upload?: string;
}

export interface CaseBody {
    case_id?: string;
    reference?: string;
    revision?: number;
    status?: Status;
    opened_at?: string;
    valid_until?: string;
    valid_for?: string;
    review_at?: string;
    drill_id?: string;
    text_language?: string;
    category?: string;
    urgency?: Urgency;
    why_urgent?: string;
    child?: Person;
    photos?: Photo[];
    last_seen?: {
        at?: string; zone?: string; place?: string; country?: string; region?: string; hotspot?: string;
        latitude?: number; longitude?: number; radius_m?: number;
    };
    circumstances?: string;
    intake_channel?: string;
    likely_countries?: string[];
    corridor?: string;
    transport?: { mode?: string; detail?: string };
    vehicle?: { kind?: string; colour?: string; make?: string; plate?: string; plate_country?: string; detail?: string };
    companions?: { relation?: string; description?: Person; dangerous?: boolean; public_safe?: Person }[];
    risks?: string[];
    do_not_approach?: boolean;
    risk_detail?: string;
    police?: {
        informed?: boolean; force?: string; reference?: string; in_sis?: boolean; in_interpol?: boolean;
        on_sighting?: string; phone?: string;
    };
    publicity?: { level?: string; consent_by?: string; child_wish?: string; withdrawal_duty?: boolean; consent_on?: string };
    contact?: { phone?: string; languages?: string[]; opening_hours?: string; always_open?: boolean; desk?: string };
    legal?: {
        basis?: string[]; reference?: string; custody_country?: string; removed_on?: string; hague_application_on?: string;
        hearing_on?: string; travel_ban_until?: string; detail?: string;
    };
    [more: string]: unknown;
}

export interface CaseSummary {
    reference: string;
    member: string;
    country?: string;
    opener_withdrawn?: boolean;
    case_id: string;
    mine: boolean;
    revision: number;
    status: Status;
    state: CaseState;
    urgency?: Urgency;
    category?: string;
    restricted?: boolean;
    countries: string[];
    child?: { given_name?: string; age_years?: number };
    sent_at?: string;
    opened_at?: string;
    received_at?: string;
    expires_at?: string;
    acknowledged?: boolean;
    acknowledged_at?: string;
    declined_at?: string;
    decline_code?: string;
    late: boolean;
    outcome?: string;
    drill_id?: string;
}

export interface LadderRow {
    member: string;
    country: string;
    name: string;
    state: Step;
    queued_at?: string;
    delivered_at?: string;
    shown_at?: string;
    acknowledged_at?: string;
    declined_at?: string;
    decline_code?: string;
    erased_at?: string;
    phone?: string;
    connected?: boolean;
    late: boolean;
    note?: string;
}

export interface Sighting {
    at?: string;
    zone?: string;
    place?: string;
    country?: string;
    confidence?: string;
    police_informed?: boolean;
    with_companion?: boolean;
}

export interface ThreadEntry {
    id: string;
    kind: ReplyKind;
    from: string;
    from_name?: string;
    country?: string;
    mine: boolean;
    at: string;
    to?: string;
    in_reply_to?: string;
    text?: string;
    text_language?: string;
    sighting?: Sighting;
    state?: string;
}

export interface Approved {
    approved_by?: string;
    approved_at?: string;
    break_glass?: string;
    break_glass_by?: string;
    break_glass_at?: string;
}

export interface CaseView extends CaseSummary {
    case?: CaseBody;
    closing?: { outcome?: string; reason?: string; found_country?: string; days_missing?: number; taken_over_by?: string; closed_at?: string };
    photos?: number;
    photos_here?: number;
    erased_at?: string;
    erased_by?: number;
    erased_of?: number;
    not_erased?: { member: string; name?: string; withdrawn: boolean; last_heard_at?: string }[];
    opener_name?: string;
    phone?: string;
    acknowledgement?: { at: string; as?: string };
    ladder: LadderRow[];
    thread: ThreadEntry[];
    revisions: { revision: number; act: string; sent_at: string; received_at?: string }[];
    approval?: Approved;
    approvals?: (Approved & { revision: number })[];
    posters?: { registered: number; withdraw: number };
    continued_as?: { member: string; reference: string }[];
    photos_refused?: number[];
    accepted_by: number;
    accepted_needed: number;
    unreached: string[];
}

export interface Referral {
    referral_id: string;
    reference: string;
    from: string;
    from_name?: string;
    phone?: string;
    mine: boolean;
    status: Status;
    state: 'OPEN' | 'ACCEPTED' | 'DECLINED' | 'EXPIRED' | 'WITHDRAWN';
    text_shows?: string;
    urgency?: Urgency;
    languages: string[];
    countries: string[];
    answer_by: string;
    child_age_years?: number;
    children?: number;
    hague_pending?: boolean;
    text?: string;
    text_language?: string;
    contact?: { phone?: string };
    sent_at: string;
    late: boolean;
    answers: { member: string; country?: string; name?: string; act: 'ACCEPT' | 'DECLINE'; decline?: string; text?: string; at: string }[];
    ladder: { member: string; country?: string; name?: string; state: Step }[];
}

export interface Member {
    id: string;
    country: string;
    name: string;
    role: 'HOTLINE' | 'MEDIATOR' | 'OBSERVER' | 'PROBE';
    standing: 'ACTIVE' | 'SUSPENDED' | 'WITHDRAWN';
    self: boolean;
    languages: string[];
    phone?: string;
    connected?: boolean;
    armed?: boolean;
    armed_consoles?: number;
    duty_languages?: string[];
    accredited_until?: string;
    key_expires_at?: string;
}

export interface NodeStatus {
    member: string;
    country: string;
    name: string;
    standing: string;
    version: string;
    roster_version: number;
    roster_expires_at?: string;
    roster_hash?: string;
    roster_signers?: string[];
    started_at?: string;
    approval?: { required: string[]; advised: string[]; by: 'ANYBODY' | 'SUPERVISOR' };
    relays: { id: string; state: string; since: string; round_trip_ms?: number | null; reason?: string }[];
    inbox: { open: number; unacknowledged: number; total: number };
    late?: number;
    clock_offset_ms: number;
    disk_free_bytes?: number | null;
    warnings: { code: string; text: string }[];
}

export interface DraftRequest {
    case: CaseBody;
    to?: string[];
    restricted?: boolean;
    status?: Status;
    drill?: string;
    notes?: string;
    updates?: string; /* MEMBER:REFERENCE of the case that it is an update of; then status and restriction are that case's */
    replaces?: number;
}

export interface DraftSummary {
    id: string;
    etag: string;
    changed_at: string;
    changed_by: string;
    created_by: string;
    status?: Status;
    to: string[];
    restricted: boolean;
    drill?: string;
    category?: string;
    child?: { given_name?: string; age_years?: number };
    updates?: string;
    replaces?: number;
    approval?: Approval;
    missing: { path: string; text: string }[];
}

/* Of a second person: what sending it as a real case needs, and who gave it. */
export interface Approval {
    need: 'NONE' | 'ADVISED' | 'REQUIRED';
    why?: string;
    by: 'ANYBODY' | 'SUPERVISOR';
    author: string;
    approved_by?: string;
    approved_at?: string;
}

export interface Draft extends DraftSummary {
    case: CaseBody;
    notes?: string;
    photos: { upload?: string; here: boolean }[];
}

export interface DryRun {
    recipients: { member: string; country: string; name: string; why: string; connected: boolean; phone?: string }[];
    not_recipients: { member: string; country: string; name: string; standing: string }[];
    unreached: string[];
    approval?: { need: Approval['need']; why?: string; missing: boolean };
}

/* What one shift leaves to the next. */
export interface Note {
    id: string;
    at: string;
    by: string;
    text: string;
}

export interface NodeEvent {
    id?: number;
    type: string;
    at: string;
    reference?: string;
    opener?: string;
    case_id?: string;
    status?: Status;
    urgency?: Urgency;
    state?: string;
    relay?: string;
    draft?: string;
    by?: string;
    kind?: ReplyKind;
    country?: string;
}

export interface Problem {
    status: number;
    code: string;
    title: string;
    detail?: string;
    path?: string;
}
