#!/usr/bin/env python3
"""Sends to a storage provider what pynetdicom can be made to send.

odd_senders.py PORT    prints one line for each case, ends with 1 if any failed

Objects whose SOP Instance UID ends in .507 are refused by the provider as if the disk were full.
"""
import sys

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)
from pynetdicom import AE, AllStoragePresentationContexts, build_role
from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.sop_class import (
    DigitalMammographyXRayImageStorageForPresentation as MAMMOGRAM,
    StudyRootQueryRetrieveInformationModelFind as FIND,
    Verification,
)

PORT = int(sys.argv[1])
PRIVATE_CLASS = "1.2.826.0.1.3680043.8.498.999.1"
CASES = []


def case(function):
    CASES.append(function)
    return function


def mammogram(uid, syntax=ExplicitVRLittleEndian, sop_class=MAMMOGRAM):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = uid
    ds.StudyInstanceUID = "1.2.3"
    ds.SeriesInstanceUID = "1.2.3.1"
    ds.PatientID = "P1"
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    item = Dataset()
    item.CodeValue = "R-10242"
    ds.ViewCodeSequence = Sequence([item])
    ds["ViewCodeSequence"].is_undefined_length = True
    ds.Rows = ds.Columns = 16
    if syntax in (HTJ2KLossless, JPEG2000Lossless):
        ds.PixelData = encapsulate([b"not really a codestream." * 100])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
    else:
        ds.PixelData = bytes(range(256)) * 2
        ds["PixelData"].VR = "OW"
    return ds


def associate(*contexts, ae=None, **options):
    ae = ae or AE(ae_title="PYNETDICOM")
    for sop_class, syntaxes in contexts:
        ae.add_requested_context(sop_class, syntaxes)
    association = ae.associate("127.0.0.1", PORT, ae_title="LUCERNA", **options)
    assert association.is_established, "not established"
    return association


@case
def echo():
    association = associate((Verification, [ImplicitVRLittleEndian]))
    assert association.send_c_echo().Status == 0x0000
    association.release()


@case
def every_syntax_of_a_class():
    syntaxes = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian,
                ExplicitVRBigEndian, JPEG2000Lossless, HTJ2KLossless]
    for number, syntax in enumerate(syntaxes):
        association = associate((MAMMOGRAM, [syntax]))
        status = association.send_c_store(mammogram(f"1.2.3.1.{number}", syntax))
        assert status.Status == 0x0000, f"{syntax.name}: 0x{status.Status:04X}"
        association.release()


@case
def a_private_class():
    association = associate((PRIVATE_CLASS, [ExplicitVRLittleEndian]))
    status = association.send_c_store(mammogram("1.2.3.2", sop_class=PRIVATE_CLASS))
    assert status.Status == 0x0000, hex(status.Status)
    association.release()


@case
def as_many_contexts_as_fit():
    ae = AE(ae_title="PYNETDICOM")
    ae.requested_contexts = AllStoragePresentationContexts[:128]
    association = associate(ae=ae)
    assert len(association.accepted_contexts) == 128
    association.release()


@case
def explicit_is_preferred_where_both_are_offered():
    association = associate((MAMMOGRAM, [ImplicitVRLittleEndian, ExplicitVRLittleEndian]))
    assert association.accepted_contexts[0].transfer_syntax == [ExplicitVRLittleEndian]
    association.release()


@case
def queries_are_not_accepted_but_the_rest_is():
    association = associate((FIND, [ImplicitVRLittleEndian]),
                            (Verification, [ImplicitVRLittleEndian]))
    assert [one.abstract_syntax for one in association.rejected_contexts] == [FIND]
    assert association.send_c_echo().Status == 0x0000
    association.release()


@case
def negotiation_items_that_are_not_supported_do_no_harm():
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = 5
    window.maximum_number_operations_performed = 5
    identity = UserIdentityNegotiation()
    identity.user_identity_type = 2
    identity.primary_field = b"user"
    identity.secondary_field = b"secret"
    identity.positive_response_requested = False
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid = MAMMOGRAM
    extended.service_class_application_information = b"\x02\x00\x03\x00\x01\x00"
    association = associate(
        (MAMMOGRAM, [ExplicitVRLittleEndian]),
        ext_neg=[window, identity, extended, build_role(MAMMOGRAM, scu_role=True)])
    assert association.send_c_store(mammogram("1.2.3.3")).Status == 0x0000
    association.release()


@case
def a_requester_without_a_maximum_pdu():
    association = associate((MAMMOGRAM, [ExplicitVRLittleEndian]), max_pdu=0)
    assert association.send_c_store(mammogram("1.2.3.4")).Status == 0x0000
    association.release()


@case
def a_full_disk_is_told_with_its_reason():
    association = associate((MAMMOGRAM, [ExplicitVRLittleEndian]))
    status = association.send_c_store(mammogram("1.2.3.507"))
    assert status.Status == 0xA700, hex(status.Status)
    assert "disk is full" in status.ErrorComment, status.ErrorComment
    assert association.send_c_store(mammogram("1.2.3.5")).Status == 0x0000
    association.release()


@case
def an_object_with_nothing_but_its_uids():
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    ds.SOPClassUID = MAMMOGRAM
    ds.SOPInstanceUID = "1.2.3.6"
    association = associate((MAMMOGRAM, [ImplicitVRLittleEndian]))
    assert association.send_c_store(ds).Status == 0x0000
    association.release()


@case
def many_associations_that_abort():
    for _ in range(20):
        associate((MAMMOGRAM, [ExplicitVRLittleEndian])).abort()
    echo()


failed = 0
for one in CASES:
    try:
        one()
        print("ok    ", one.__name__, flush=True)
    except Exception as error:  # every case is to run, whatever the others do
        failed += 1
        print("FAILED", one.__name__, repr(error), flush=True)
sys.exit(1 if failed else 0)
