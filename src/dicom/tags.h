#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lucerna::dicom {

/// An attribute's number (PS3.5 7.1).
struct Tag {
    std::uint16_t group = 0;
    std::uint16_t element = 0;
    friend constexpr auto operator<=>(const Tag&, const Tag&) = default;
};

/// "(0010,0020)".
[[nodiscard]] std::string to_string(Tag tag);
/// "PatientID (0010,0020)", or the numbers alone where the dictionary has no keyword. For messages.
[[nodiscard]] std::string describe(Tag tag);
/// The keyword (PS3.6 6), empty where the dictionary has none.
[[nodiscard]] std::string keyword_of(Tag tag);
/// From a keyword ("PatientID") or eight hexadecimal digits ("00100020"), as DICOMweb has them.
[[nodiscard]] std::optional<Tag> tag_from(std::string_view text);
/// Two letters (PS3.5 6.2) from the dictionary; "UN" where it does not know the tag. Where the
/// standard leaves a choice: OW for pixels and LUT data, US for values like the pixels.
[[nodiscard]] std::string vr_of(Tag tag);
/// How many values the dictionary allows at most (PS3.6 6); none where as many as there are, and
/// where it does not know the tag.
[[nodiscard]] std::optional<std::size_t> most_values_of(Tag tag);

namespace tags {

// File Meta Information (PS3.10 7.1)
constexpr Tag kMediaStorageSopClassUid{0x0002, 0x0002};
constexpr Tag kMediaStorageSopInstanceUid{0x0002, 0x0003};
constexpr Tag kTransferSyntaxUid{0x0002, 0x0010};
constexpr Tag kImplementationClassUid{0x0002, 0x0012};
constexpr Tag kImplementationVersionName{0x0002, 0x0013};
constexpr Tag kSourceApplicationEntityTitle{0x0002, 0x0016};

// SOP Common, General Equipment
constexpr Tag kSpecificCharacterSet{0x0008, 0x0005};
constexpr Tag kImageType{0x0008, 0x0008};
constexpr Tag kInstanceCreationDate{0x0008, 0x0012};
constexpr Tag kInstanceCreationTime{0x0008, 0x0013};
constexpr Tag kInstanceCreatorUid{0x0008, 0x0014};
constexpr Tag kSopClassUid{0x0008, 0x0016};
constexpr Tag kSopInstanceUid{0x0008, 0x0018};
constexpr Tag kTimezoneOffsetFromUtc{0x0008, 0x0201};
constexpr Tag kInstanceNumber{0x0020, 0x0013};
constexpr Tag kManufacturer{0x0008, 0x0070};
constexpr Tag kInstitutionName{0x0008, 0x0080};
constexpr Tag kInstitutionAddress{0x0008, 0x0081};
constexpr Tag kStationName{0x0008, 0x1010};
constexpr Tag kInstitutionalDepartmentName{0x0008, 0x1040};
constexpr Tag kManufacturerModelName{0x0008, 0x1090};
constexpr Tag kDeviceSerialNumber{0x0018, 0x1000};
constexpr Tag kSoftwareVersions{0x0018, 0x1020};
constexpr Tag kDeviceUid{0x0018, 0x1002};
constexpr Tag kContributingEquipmentSequence{0x0018, 0xA001};
constexpr Tag kPurposeOfReferenceCodeSequence{0x0040, 0xA170};
constexpr Tag kContributionDateTime{0x0018, 0xA002};
constexpr Tag kContributionDescription{0x0018, 0xA003};
constexpr Tag kQueryRetrieveLevel{0x0008, 0x0052};
constexpr Tag kInstanceAvailability{0x0008, 0x0056};
constexpr Tag kRetrieveUrl{0x0008, 0x1190};
constexpr Tag kRetrieveAeTitle{0x0008, 0x0054};
constexpr Tag kAvailableTransferSyntaxUid{0x0008, 0x3002};
constexpr Tag kLongitudinalTemporalInformationModified{0x0028, 0x0303};

// Patient
constexpr Tag kPatientName{0x0010, 0x0010};
constexpr Tag kPatientId{0x0010, 0x0020};
constexpr Tag kIssuerOfPatientId{0x0010, 0x0021};
constexpr Tag kIssuerOfPatientIdQualifiersSequence{0x0010, 0x0024};
constexpr Tag kUniversalEntityId{0x0040, 0x0032};
constexpr Tag kUniversalEntityIdType{0x0040, 0x0033};
constexpr Tag kPatientBirthDate{0x0010, 0x0030};
constexpr Tag kPatientSex{0x0010, 0x0040};
constexpr Tag kPatientAge{0x0010, 0x1010};
constexpr Tag kPatientSize{0x0010, 0x1020};
constexpr Tag kPatientWeight{0x0010, 0x1030};
constexpr Tag kEthnicGroup{0x0010, 0x2160};
constexpr Tag kPatientComments{0x0010, 0x4000};
constexpr Tag kOtherPatientIdsSequence{0x0010, 0x1002};
constexpr Tag kPatientIdentityRemoved{0x0012, 0x0062};
constexpr Tag kDeidentificationMethod{0x0012, 0x0063};
constexpr Tag kQualityControlSubject{0x0010, 0x0200};

// Study
constexpr Tag kStudyDate{0x0008, 0x0020};
constexpr Tag kStudyTime{0x0008, 0x0030};
constexpr Tag kAccessionNumber{0x0008, 0x0050};
constexpr Tag kIssuerOfAccessionNumberSequence{0x0008, 0x0051};
constexpr Tag kReferringPhysicianName{0x0008, 0x0090};
constexpr Tag kStudyDescription{0x0008, 0x1030};
constexpr Tag kProcedureCodeSequence{0x0008, 0x1032};
constexpr Tag kStudyInstanceUid{0x0020, 0x000D};
constexpr Tag kStudyId{0x0020, 0x0010};
constexpr Tag kModalitiesInStudy{0x0008, 0x0061};
constexpr Tag kSopClassesInStudy{0x0008, 0x0062};
constexpr Tag kNumberOfStudyRelatedSeries{0x0020, 0x1206};
constexpr Tag kNumberOfStudyRelatedInstances{0x0020, 0x1208};
constexpr Tag kNumberOfSeriesRelatedInstances{0x0020, 0x1209};
constexpr Tag kReferencedStudySequence{0x0008, 0x1110};
constexpr Tag kRequestedProcedureId{0x0040, 0x1001};
constexpr Tag kRequestedProcedureDescription{0x0032, 0x1060};
constexpr Tag kRequestedProcedureCodeSequence{0x0032, 0x1064};
constexpr Tag kRequestAttributesSequence{0x0040, 0x0275};
constexpr Tag kPlacerOrderNumberImagingServiceRequest{0x0040, 0x2016};
constexpr Tag kFillerOrderNumberImagingServiceRequest{0x0040, 0x2017};
constexpr Tag kReasonForStudy{0x0032, 0x1030};
constexpr Tag kPhysiciansOfRecord{0x0008, 0x1048};
constexpr Tag kNameOfPhysiciansReadingStudy{0x0008, 0x1060};
constexpr Tag kPerformingPhysicianName{0x0008, 0x1050};
constexpr Tag kOperatorsName{0x0008, 0x1070};

// Series
constexpr Tag kModality{0x0008, 0x0060};
constexpr Tag kSeriesDate{0x0008, 0x0021};
constexpr Tag kSeriesTime{0x0008, 0x0031};
constexpr Tag kSeriesDescription{0x0008, 0x103E};
constexpr Tag kSeriesInstanceUid{0x0020, 0x000E};
constexpr Tag kSeriesNumber{0x0020, 0x0011};
constexpr Tag kLaterality{0x0020, 0x0060};
constexpr Tag kBodyPartExamined{0x0018, 0x0015};
constexpr Tag kPatientPosition{0x0018, 0x5100};
constexpr Tag kProtocolName{0x0018, 0x1030};
constexpr Tag kPerformedProcedureStepStartDate{0x0040, 0x0244};
constexpr Tag kPerformedProcedureStepStartTime{0x0040, 0x0245};
constexpr Tag kPerformedProcedureStepId{0x0040, 0x0253};
constexpr Tag kPerformedProcedureStepDescription{0x0040, 0x0254};
constexpr Tag kPerformedProtocolCodeSequence{0x0040, 0x0260};
constexpr Tag kReferencedPerformedProcedureStepSequence{0x0008, 0x1111};
constexpr Tag kScheduledProcedureStepId{0x0040, 0x0009};
constexpr Tag kScheduledProcedureStepDescription{0x0040, 0x0007};
constexpr Tag kFrameOfReferenceUid{0x0020, 0x0052};
constexpr Tag kPositionReferenceIndicator{0x0020, 0x1040};
constexpr Tag kSynchronizationFrameOfReferenceUid{0x0020, 0x0200};
constexpr Tag kPresentationIntentType{0x0008, 0x0068};

// Image, acquisition
constexpr Tag kAcquisitionDate{0x0008, 0x0022};
constexpr Tag kAcquisitionTime{0x0008, 0x0032};
constexpr Tag kAcquisitionDateTime{0x0008, 0x002A};
constexpr Tag kContentDate{0x0008, 0x0023};
constexpr Tag kContentTime{0x0008, 0x0033};
constexpr Tag kAcquisitionNumber{0x0020, 0x0012};
constexpr Tag kPatientOrientation{0x0020, 0x0020};
constexpr Tag kImageLaterality{0x0020, 0x0062};
constexpr Tag kImagesInAcquisition{0x0020, 0x1002};
constexpr Tag kImageComments{0x0020, 0x4000};
constexpr Tag kQualityControlImage{0x0028, 0x0300};
constexpr Tag kBurnedInAnnotation{0x0028, 0x0301};
constexpr Tag kRecognizableVisualFeatures{0x0028, 0x0302};
constexpr Tag kLossyImageCompression{0x0028, 0x2110};
constexpr Tag kLossyImageCompressionRatio{0x0028, 0x2112};
constexpr Tag kLossyImageCompressionMethod{0x0028, 0x2114};
constexpr Tag kDerivationDescription{0x0008, 0x2111};
constexpr Tag kDerivationCodeSequence{0x0008, 0x9215};
constexpr Tag kSourceImageSequence{0x0008, 0x2112};
constexpr Tag kSpatialLocationsPreserved{0x0028, 0x135A};
constexpr Tag kImagePositionPatient{0x0020, 0x0032};
constexpr Tag kImageOrientationPatient{0x0020, 0x0037};
constexpr Tag kSliceThickness{0x0018, 0x0050};
constexpr Tag kSliceLocation{0x0020, 0x1041};
constexpr Tag kConversionType{0x0008, 0x0064};
constexpr Tag kAnatomicRegionSequence{0x0008, 0x2218};
constexpr Tag kPrimaryAnatomicStructureSequence{0x0008, 0x2228};
constexpr Tag kDateOfSecondaryCapture{0x0018, 0x1012};
constexpr Tag kTimeOfSecondaryCapture{0x0018, 0x1014};

// Mammography and projection radiography (PS3.3 A.27, C.8.11)
constexpr Tag kViewPosition{0x0018, 0x5101};
constexpr Tag kViewCodeSequence{0x0054, 0x0220};
constexpr Tag kViewModifierCodeSequence{0x0054, 0x0222};
constexpr Tag kBreastImplantPresent{0x0028, 0x1300};
constexpr Tag kPartialView{0x0028, 0x1350};
constexpr Tag kPartialViewDescription{0x0028, 0x1351};
constexpr Tag kPartialViewCodeSequence{0x0028, 0x1352};
constexpr Tag kOrganExposed{0x0040, 0x0318};
constexpr Tag kPositionerType{0x0018, 0x1508};
constexpr Tag kPositionerPrimaryAngle{0x0018, 0x1510};
constexpr Tag kPositionerSecondaryAngle{0x0018, 0x1511};
constexpr Tag kDetectorPrimaryAngle{0x0018, 0x1530};
constexpr Tag kCompressionForce{0x0018, 0x11A2};
constexpr Tag kBodyPartThickness{0x0018, 0x11A0};
constexpr Tag kEstimatedRadiographicMagnificationFactor{0x0018, 0x1114};
constexpr Tag kDistanceSourceToDetector{0x0018, 0x1110};
constexpr Tag kDistanceSourceToPatient{0x0018, 0x1111};
constexpr Tag kDistanceSourceToEntrance{0x0040, 0x0306};
constexpr Tag kKvp{0x0018, 0x0060};
constexpr Tag kExposureTime{0x0018, 0x1150};
constexpr Tag kXRayTubeCurrent{0x0018, 0x1151};
constexpr Tag kExposure{0x0018, 0x1152};
constexpr Tag kExposureInUas{0x0018, 0x1153};
constexpr Tag kAnodeTargetMaterial{0x0018, 0x1191};
constexpr Tag kFilterMaterial{0x0018, 0x7050};
constexpr Tag kFilterType{0x0018, 0x1160};
constexpr Tag kGrid{0x0018, 0x1166};
constexpr Tag kFocalSpots{0x0018, 0x1190};
constexpr Tag kImagerPixelSpacing{0x0018, 0x1164};
constexpr Tag kNominalScannedPixelSpacing{0x0018, 0x2010};
constexpr Tag kPixelSpacing{0x0028, 0x0030};
constexpr Tag kPixelSpacingCalibrationType{0x0028, 0x0A02};
constexpr Tag kPixelSpacingCalibrationDescription{0x0028, 0x0A04};
constexpr Tag kPixelAspectRatio{0x0028, 0x0034};
constexpr Tag kDetectorType{0x0018, 0x7004};
constexpr Tag kDetectorConfiguration{0x0018, 0x7005};
constexpr Tag kDetectorId{0x0018, 0x700A};
constexpr Tag kDetectorDescription{0x0018, 0x7006};
constexpr Tag kDetectorElementSpacing{0x0018, 0x7022};
constexpr Tag kDetectorElementPhysicalSize{0x0018, 0x7020};
constexpr Tag kDetectorActiveShape{0x0018, 0x7024};
constexpr Tag kDetectorActiveDimensions{0x0018, 0x7026};
constexpr Tag kFieldOfViewShape{0x0018, 0x1147};
constexpr Tag kFieldOfViewDimensions{0x0018, 0x1149};
constexpr Tag kFieldOfViewOrigin{0x0018, 0x7030};
constexpr Tag kFieldOfViewRotation{0x0018, 0x7032};
constexpr Tag kFieldOfViewHorizontalFlip{0x0018, 0x7034};
constexpr Tag kAcquisitionContextSequence{0x0040, 0x0555};
constexpr Tag kEntranceDoseInMgy{0x0040, 0x8302};
constexpr Tag kOrganDose{0x0040, 0x0316};
constexpr Tag kHalfValueLayer{0x0040, 0x0314};
constexpr Tag kRelativeXRayExposure{0x0018, 0x1405};
constexpr Tag kExposureControlMode{0x0018, 0x7060};
constexpr Tag kAcquisitionDeviceProcessingDescription{0x0018, 0x1400};
constexpr Tag kAcquisitionDeviceProcessingCode{0x0018, 0x1401};
constexpr Tag kCadFileFormat{0x0014, 0x0023};
constexpr Tag kPixelIntensityRelationship{0x0028, 0x1040};
constexpr Tag kPixelIntensityRelationshipSign{0x0028, 0x1041};
constexpr Tag kCalibrationImage{0x0050, 0x0004};

// Image Pixel (PS3.3 C.7.6.3)
constexpr Tag kSamplesPerPixel{0x0028, 0x0002};
constexpr Tag kPhotometricInterpretation{0x0028, 0x0004};
constexpr Tag kPlanarConfiguration{0x0028, 0x0006};
constexpr Tag kNumberOfFrames{0x0028, 0x0008};
constexpr Tag kRepresentativeFrameNumber{0x0028, 0x6010};
constexpr Tag kFrameIncrementPointer{0x0028, 0x0009};
constexpr Tag kRows{0x0028, 0x0010};
constexpr Tag kColumns{0x0028, 0x0011};
constexpr Tag kBitsAllocated{0x0028, 0x0100};
constexpr Tag kBitsStored{0x0028, 0x0101};
constexpr Tag kHighBit{0x0028, 0x0102};
constexpr Tag kPixelRepresentation{0x0028, 0x0103};
constexpr Tag kSmallestImagePixelValue{0x0028, 0x0106};
constexpr Tag kLargestImagePixelValue{0x0028, 0x0107};
constexpr Tag kPixelPaddingValue{0x0028, 0x0120};
constexpr Tag kPixelPaddingRangeLimit{0x0028, 0x0121};
constexpr Tag kRedPaletteColorLookupTableDescriptor{0x0028, 0x1101};
constexpr Tag kGreenPaletteColorLookupTableDescriptor{0x0028, 0x1102};
constexpr Tag kBluePaletteColorLookupTableDescriptor{0x0028, 0x1103};
constexpr Tag kRedPaletteColorLookupTableData{0x0028, 0x1201};
constexpr Tag kGreenPaletteColorLookupTableData{0x0028, 0x1202};
constexpr Tag kBluePaletteColorLookupTableData{0x0028, 0x1203};
constexpr Tag kSegmentedRedPaletteColorLookupTableData{0x0028, 0x1221};
constexpr Tag kSegmentedGreenPaletteColorLookupTableData{0x0028, 0x1222};
constexpr Tag kSegmentedBluePaletteColorLookupTableData{0x0028, 0x1223};
constexpr Tag kIccProfile{0x0028, 0x2000};
constexpr Tag kExtendedOffsetTable{0x7FE0, 0x0001};
constexpr Tag kExtendedOffsetTableLengths{0x7FE0, 0x0002};
constexpr Tag kFloatPixelData{0x7FE0, 0x0008};
constexpr Tag kDoubleFloatPixelData{0x7FE0, 0x0009};
constexpr Tag kPixelData{0x7FE0, 0x0010};
constexpr Tag kDataSetTrailingPadding{0xFFFC, 0xFFFC};
constexpr Tag kIconImageSequence{0x0088, 0x0200};

// Modality, VOI and presentation LUT (PS3.3 C.11)
constexpr Tag kRescaleIntercept{0x0028, 0x1052};
constexpr Tag kRescaleSlope{0x0028, 0x1053};
constexpr Tag kRescaleType{0x0028, 0x1054};
constexpr Tag kModalityLutSequence{0x0028, 0x3000};
constexpr Tag kModalityLutType{0x0028, 0x3004};
constexpr Tag kLutDescriptor{0x0028, 0x3002};
constexpr Tag kLutExplanation{0x0028, 0x3003};
constexpr Tag kLutData{0x0028, 0x3006};
constexpr Tag kWindowCenter{0x0028, 0x1050};
constexpr Tag kWindowWidth{0x0028, 0x1051};
constexpr Tag kWindowCenterWidthExplanation{0x0028, 0x1055};
constexpr Tag kVoiLutFunction{0x0028, 0x1056};
constexpr Tag kVoiLutSequence{0x0028, 0x3010};
constexpr Tag kPresentationLutSequence{0x2050, 0x0010};
constexpr Tag kPresentationLutShape{0x2050, 0x0020};

// Multi-frame functional groups
constexpr Tag kSharedFunctionalGroupsSequence{0x5200, 0x9229};
constexpr Tag kPerFrameFunctionalGroupsSequence{0x5200, 0x9230};
constexpr Tag kPixelMeasuresSequence{0x0028, 0x9110};
constexpr Tag kFrameVoiLutSequence{0x0028, 0x9132};
constexpr Tag kPixelValueTransformationSequence{0x0028, 0x9145};
constexpr Tag kFrameAnatomySequence{0x0020, 0x9071};
constexpr Tag kFrameLaterality{0x0020, 0x9072};
constexpr Tag kFrameContentSequence{0x0020, 0x9111};

// References
constexpr Tag kReferencedSopClassUid{0x0008, 0x1150};
constexpr Tag kReferencedSopInstanceUid{0x0008, 0x1155};
constexpr Tag kReferencedSopSequence{0x0008, 0x1199};
constexpr Tag kReferencedFrameNumber{0x0008, 0x1160};
constexpr Tag kReferencedSegmentNumber{0x0062, 0x000B};
constexpr Tag kReferencedImageSequence{0x0008, 0x1140};
constexpr Tag kReferencedInstanceSequence{0x0008, 0x114A};
constexpr Tag kReferencedSeriesSequence{0x0008, 0x1115};
constexpr Tag kReferencedRequestSequence{0x0040, 0xA370};
constexpr Tag kCurrentRequestedProcedureEvidenceSequence{0x0040, 0xA375};
constexpr Tag kPertinentOtherEvidenceSequence{0x0040, 0xA385};
constexpr Tag kIdenticalDocumentsSequence{0x0040, 0xA525};
constexpr Tag kPredecessorDocumentsSequence{0x0040, 0xA360};
constexpr Tag kFailedSopSequence{0x0008, 0x1198};
constexpr Tag kFailureReason{0x0008, 0x1197};
constexpr Tag kTransactionUid{0x0008, 0x1195};
constexpr Tag kWarningReason{0x0008, 0x1196};
constexpr Tag kFailedSopInstanceUidList{0x0008, 0x0058};

// Structured reporting (PS3.3 C.17, C.18)
constexpr Tag kValueType{0x0040, 0xA040};
constexpr Tag kRelationshipType{0x0040, 0xA010};
constexpr Tag kContinuityOfContent{0x0040, 0xA050};
constexpr Tag kConceptNameCodeSequence{0x0040, 0xA043};
constexpr Tag kConceptCodeSequence{0x0040, 0xA168};
constexpr Tag kContentSequence{0x0040, 0xA730};
constexpr Tag kContentTemplateSequence{0x0040, 0xA504};
constexpr Tag kMappingResource{0x0008, 0x0105};
constexpr Tag kMappingResourceUid{0x0008, 0x0118};
constexpr Tag kTemplateIdentifier{0x0040, 0xDB00};
constexpr Tag kMeasuredValueSequence{0x0040, 0xA300};
constexpr Tag kNumericValue{0x0040, 0xA30A};
constexpr Tag kFloatingPointValue{0x0040, 0xA161};
constexpr Tag kMeasurementUnitsCodeSequence{0x0040, 0x08EA};
constexpr Tag kNumericValueQualifierCodeSequence{0x0040, 0xA301};
constexpr Tag kTextValue{0x0040, 0xA160};
constexpr Tag kDateTime{0x0040, 0xA120};
constexpr Tag kDate{0x0040, 0xA121};
constexpr Tag kTime{0x0040, 0xA122};
constexpr Tag kPersonName{0x0040, 0xA123};
constexpr Tag kUid{0x0040, 0xA124};
constexpr Tag kGraphicData{0x0070, 0x0022};
constexpr Tag kGraphicType{0x0070, 0x0023};
constexpr Tag kPixelOriginInterpretation{0x0048, 0x0301};
constexpr Tag kFiducialUid{0x0070, 0x031A};
constexpr Tag kReferencedContentItemIdentifier{0x0040, 0xDB73};
constexpr Tag kObservationDateTime{0x0040, 0xA032};
constexpr Tag kCompletionFlag{0x0040, 0xA491};
constexpr Tag kCompletionFlagDescription{0x0040, 0xA492};
constexpr Tag kVerificationFlag{0x0040, 0xA493};
constexpr Tag kPreliminaryFlag{0x0040, 0xA496};
constexpr Tag kVerifyingObserverSequence{0x0040, 0xA073};
constexpr Tag kAuthorObserverSequence{0x0040, 0xA078};
constexpr Tag kParticipantSequence{0x0040, 0xA07A};
constexpr Tag kCustodialOrganizationSequence{0x0040, 0xA07C};
constexpr Tag kObserverType{0x0040, 0xA084};

// Codes (PS3.3 8)
constexpr Tag kCodeValue{0x0008, 0x0100};
constexpr Tag kLongCodeValue{0x0008, 0x0119};
constexpr Tag kUrnCodeValue{0x0008, 0x0120};
constexpr Tag kCodingSchemeDesignator{0x0008, 0x0102};
constexpr Tag kCodingSchemeVersion{0x0008, 0x0103};
constexpr Tag kCodeMeaning{0x0008, 0x0104};
constexpr Tag kContextIdentifier{0x0008, 0x010F};
constexpr Tag kContextUid{0x0008, 0x0117};
constexpr Tag kCodingSchemeIdentificationSequence{0x0008, 0x0110};
constexpr Tag kCodingSchemeUid{0x0008, 0x010C};
constexpr Tag kCodingSchemeName{0x0008, 0x0115};
constexpr Tag kCodingSchemeRegistry{0x0008, 0x0112};
constexpr Tag kCodingSchemeResponsibleOrganization{0x0008, 0x0116};

// Overlays (first group)
constexpr Tag kOverlayRows{0x6000, 0x0010};
constexpr Tag kOverlayColumns{0x6000, 0x0011};
constexpr Tag kOverlayType{0x6000, 0x0040};
constexpr Tag kOverlayOrigin{0x6000, 0x0050};
constexpr Tag kOverlayBitsAllocated{0x6000, 0x0100};
constexpr Tag kOverlayBitPosition{0x6000, 0x0102};
constexpr Tag kOverlayData{0x6000, 0x3000};

// Directories, encapsulated documents
constexpr Tag kDirectoryRecordSequence{0x0004, 0x1220};
constexpr Tag kMimeTypeOfEncapsulatedDocument{0x0042, 0x0012};
constexpr Tag kEncapsulatedDocument{0x0042, 0x0011};
constexpr Tag kDocumentTitle{0x0042, 0x0010};

}  // namespace tags

using namespace tags;

}  // namespace lucerna::dicom
